// Package buildinfo says what this binary was built from.
package buildinfo

import "runtime/debug"

// Info is what GET /version answers.
type Info struct {
	Version  string `json:"version"`            // set by the linker, "dev" otherwise
	Revision string `json:"revision,omitempty"` // from Git, where go build could see the repository
	Go       string `json:"go"`
	Modules  int    `json:"modules"` // dependencies linked in
}

// Read joins the version that the linker injected with what the Go toolchain
// recorded in the binary itself.
func Read(version string) Info {
	info := Info{Version: version}
	built, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	info.Go = built.GoVersion
	info.Modules = len(built.Deps)
	for _, s := range built.Settings {
		if s.Key == "vcs.revision" {
			info.Revision = s.Value
		}
	}
	return info
}
