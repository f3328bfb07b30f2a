// Package greeting makes a text of a configuration.
package greeting

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

const edition = "first edition"

// Text greets whom the configuration names.
func Text(config string) (string, error) {
	var read struct{ Name string }
	if err := yaml.Unmarshal([]byte(config), &read); err != nil {
		return "", err
	}
	return fmt.Sprintf("Hello, %s (%s)", read.Name, edition), nil
}
