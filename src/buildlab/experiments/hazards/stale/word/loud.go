//go:build loud

package word

// Of is the text, aloud.
//
//go:noinline
func Of() string { return "GENUINE word" }
