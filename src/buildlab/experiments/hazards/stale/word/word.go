//go:build !loud

// Package word holds a text.
package word

// Of is the text, by a call that the compiler keeps.
//
//go:noinline
func Of() string { return "genuine word" }
