// Generator writes an SBOM of a file system, as BuildKit asks its generators to.
// It reads what scanners read first: Debian's package database, and what the
// Go linker has written into each program. It is made for a lesson: a real one
// knows many more kinds of package.
package main

import (
	"bufio"
	"debug/buildinfo"
	"encoding/json"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
)

type pkg struct {
	Name    string `json:"name"`
	Version string `json:"versionInfo"`
	Source  string `json:"sourceInfo"`
}

func main() {
	root := os.Getenv("BUILDKIT_SCAN_SOURCE")
	found := append(debian(filepath.Join(root, "var/lib/dpkg/status")), golang(root)...)
	statement := map[string]any{
		"_type":         "https://in-toto.io/Statement/v0.1",
		"predicateType": "https://spdx.dev/Document",
		"predicate": map[string]any{
			"spdxVersion": "SPDX-2.3",
			"SPDXID":      "SPDXRef-DOCUMENT",
			"name":        filepath.Base(root),
			"packages":    found,
		},
	}
	data, err := json.Marshal(statement)
	if err != nil {
		log.Fatal(err)
	}
	name := filepath.Base(root) + ".spdx.json"
	if err := os.WriteFile(filepath.Join(os.Getenv("BUILDKIT_SCAN_DESTINATION"), name), data, 0o644); err != nil {
		log.Fatal(err)
	}
}

// debian lists the packages of dpkg's database; none where there is no such file.
func debian(status string) []pkg {
	file, err := os.Open(status)
	if err != nil {
		return nil
	}
	defer file.Close()
	var found []pkg
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "Package: "); ok {
			found = append(found, pkg{Name: name, Source: "dpkg"})
		}
		if version, ok := strings.CutPrefix(lines.Text(), "Version: "); ok && len(found) > 0 {
			found[len(found)-1].Version = version
		}
	}
	return found
}

// golang lists the modules of every Go program below root, and its Go version.
func golang(root string) []pkg {
	var found []pkg
	filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil
		}
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil // not a Go program
		}
		found = append(found, pkg{"stdlib", info.GoVersion, "go"})
		for _, module := range info.Deps {
			found = append(found, pkg{module.Path, module.Version, "go"})
		}
		return nil
	})
	return found
}
