package buildinfo

import (
	"runtime"
	"testing"
)

func TestReadKeepsTheInjectedVersion(t *testing.T) {
	info := Read("v1.2.3")
	if info.Version != "v1.2.3" {
		t.Errorf("Version = %q, want v1.2.3", info.Version)
	}
	if info.Go != runtime.Version() {
		t.Errorf("Go = %q, want %q", info.Go, runtime.Version())
	}
}
