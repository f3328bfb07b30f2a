// Package gate decides.
package gate

// State is what the gate does at a height of the water, in centimetres.
func State(height int) string {
	if height > 300 {
		return "closed"
	}
	return "open"
}
