// Package lamp knows what the lamp shows.
package lamp

// Colour is the colour of the light.
const Colour = "grün"
