package timetable

import "testing"

func TestBoatsLeaveInOrder(t *testing.T) {
	boats := Today()
	for i := 1; i < len(boats); i++ {
		if boats[i].Leaves <= boats[i-1].Leaves {
			t.Errorf("%s leaves before %s", boats[i].To, boats[i-1].To)
		}
	}
}

func TestCodesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, boat := range Today() {
		if seen[boat.Code()] {
			t.Errorf("two boats have the code %s", boat.Code())
		}
		seen[boat.Code()] = true
	}
}
