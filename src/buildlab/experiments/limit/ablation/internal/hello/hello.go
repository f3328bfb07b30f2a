// Package hello holds the line that the lesson changes.
package hello

// Line is what the server says.
const Line = "hello, line 1"
