// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

// A compiled pattern is a small program for a backtracking machine that
// visits each pair of instruction and position once, so the time a match
// takes is bounded by their product. Go's own regular expressions have no
// look-ahead, which !(...) needs.

type op uint8

const (
	opUnit  op = iota // one given UTF-16 unit
	opSet             // one unit of a set
	opSplit           // go on at x or at y
	opJump            // go on at x
	opNot             // go on only if the program from x to its opMatch does not match here
	opPeek            // something that is no line end follows
	opEnd             // the path ends here
	opMatch           // matched
	opNever           // never matches
)

type instruction struct {
	op   op
	x, y int
	unit uint16
	set  *set
}

// set is a class of UTF-16 units, as ranges.
type set struct {
	ranges  []uint16 // pairs of first and last
	negated bool
}

func (s *set) has(u uint16) bool {
	for i := 0; i < len(s.ranges); i += 2 {
		if s.ranges[i] <= u && u <= s.ranges[i+1] {
			return !s.negated
		}
	}
	return s.negated
}

var (
	notSlash   = &set{ranges: []uint16{'/', '/'}, negated: true}
	notLineEnd = &set{ranges: []uint16{'\n', '\n', '\r', '\r', 0x2028, 0x2029}, negated: true}
)

// node is a part of a pattern.
type node struct {
	op   nodeOp
	unit uint16
	set  *set
	alts [][]node // of nodeGroup and nodeNot
	// A group may be left out, or repeated.
	optional, repeated bool
}

type nodeOp uint8

const (
	nodeUnit  nodeOp = iota
	nodeSet          // one of a set
	nodeStar         // any number of a set
	nodeGroup        // one of several
	nodeNot          // none of several from here on
	nodePeek
	nodeEnd
	nodeNever
)

type program []instruction

func compile(sequence []node) program {
	var p program
	p.sequence(sequence)
	return append(p, instruction{op: opMatch})
}

func (p *program) emit(i instruction) int {
	*p = append(*p, i)
	return len(*p) - 1
}

func (p *program) sequence(nodes []node) {
	for _, n := range nodes {
		switch n.op {
		case nodeUnit:
			p.emit(instruction{op: opUnit, unit: n.unit})
		case nodeSet:
			p.emit(instruction{op: opSet, set: n.set})
		case nodeStar:
			split := p.emit(instruction{op: opSplit})
			p.emit(instruction{op: opSet, set: n.set})
			p.emit(instruction{op: opJump, x: split})
			(*p)[split].x, (*p)[split].y = split+1, len(*p)
		case nodeGroup:
			p.group(n)
		case nodeNot:
			not := p.emit(instruction{op: opNot})
			(*p)[not].x = len(*p)
			p.alternatives(n.alts)
			p.emit(instruction{op: opMatch})
			(*p)[not].y = len(*p)
		case nodePeek:
			p.emit(instruction{op: opPeek})
		case nodeEnd:
			p.emit(instruction{op: opEnd})
		case nodeNever:
			p.emit(instruction{op: opNever})
		}
	}
}

func (p *program) group(n node) {
	skip := -1
	if n.optional {
		skip = p.emit(instruction{op: opSplit})
		(*p)[skip].x = skip + 1
	}
	start := len(*p)
	p.alternatives(n.alts)
	if n.repeated {
		again := p.emit(instruction{op: opSplit, x: start})
		(*p)[again].y = again + 1
	}
	if skip >= 0 {
		(*p)[skip].y = len(*p)
	}
}

func (p *program) alternatives(alts [][]node) {
	var ends []int
	for i, alt := range alts {
		last := i == len(alts)-1
		var split int
		if !last {
			split = p.emit(instruction{op: opSplit})
			(*p)[split].x = split + 1
		}
		p.sequence(alt)
		if !last {
			ends = append(ends, p.emit(instruction{op: opJump}))
			(*p)[split].y = len(*p)
		}
	}
	for _, end := range ends {
		(*p)[end].x = len(*p)
	}
}

// match says whether the program matches the whole path.
func (p program) match(path []uint16) bool {
	return p.run(make([]bool, len(p)*(len(path)+1)), path, 0, 0, true)
}

// run goes on at an instruction and a position. Pairs that were seen before
// have failed or are being tried further up. A look-ahead has memory of its
// own, as it is asked again from other places, and matches without the end.
func (p program) run(seen []bool, path []uint16, pc, at int, whole bool) bool {
	for {
		key := pc*(len(path)+1) + at
		if seen[key] {
			return false
		}
		seen[key] = true
		switch i := &p[pc]; i.op {
		case opUnit, opSet:
			if at == len(path) || i.op == opUnit && path[at] != i.unit || i.op == opSet && !i.set.has(path[at]) {
				return false
			}
			pc, at = pc+1, at+1
		case opSplit:
			if p.run(seen, path, i.x, at, whole) {
				return true
			}
			pc = i.y
		case opJump:
			pc = i.x
		case opNot:
			if p.run(make([]bool, len(seen)), path, i.x, at, false) {
				return false
			}
			pc = i.y
		case opPeek:
			if at == len(path) || !notLineEnd.has(path[at]) {
				return false
			}
			pc++
		case opEnd:
			if at != len(path) {
				return false
			}
			pc++
		case opMatch:
			return !whole || at == len(path)
		default:
			return false
		}
	}
}
