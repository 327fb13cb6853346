// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"sync"
	"time"
)

// Many deployments of one directory in one process read its files once. The result of a reading is kept under a stamp
// of all files: device, inode, size, modification time and change time of each. No program can set the change
// time, so it shows a change even if size and modification time stay the same.

// maxReadings limits the memory for digests. A process deploys few different directories.
const maxReadings = 32

// readings are what this process has read, by the stamp of the files.
type readings struct {
	mu    sync.Mutex
	known map[stamp]*reading
	now   func() time.Time
	reads func(name string) // called before a file is read; nil but in tests
}

var shared = &readings{now: time.Now}

type stamp [sha256.Size]byte

// reading is what is known of the files with one stamp. Only the holder of the turn may read them.
type reading struct {
	turn    chan struct{}
	content *content // nil before anything is known; guarded by the mutex of readings
}

// of returns the reading with a stamp. It creates one if there is none.
func (r *readings) of(at stamp) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.known[at]
	if one == nil {
		if r.known == nil || len(r.known) >= maxReadings {
			r.forget(nil)
		}
		one = &reading{turn: make(chan struct{}, 1)}
		r.known[at] = one
	}
	return one
}

// use returns what is known, as long as it is enough. The caller has to let go of its spool.
func (r *readings) use(one *reading, e effort) *content {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one.content == nil || one.content.effort < e {
		return nil
	}
	one.content.spool.hold()
	return one.content
}

// keep keeps what a reading has found out. If all spools together are too large, it closes the other ones.
func (r *readings) keep(at stamp, one *reading, c *content) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one.close()
	c.spool.hold()
	one.content = c
	var stored int64
	for _, other := range r.known {
		stored += other.stored()
	}
	if stored > sizeLimit {
		r.forget(one)
	}
	r.known[at] = one
}

// forget forgets all readings but one.
func (r *readings) forget(but *reading) {
	for _, one := range r.known {
		if one != but {
			one.close()
		}
	}
	r.known = map[stamp]*reading{}
}

func (r *reading) stored() int64 {
	if r.content == nil || r.content.spool == nil {
		return 0
	}
	return r.content.spool.size.Load()
}

func (r *reading) close() {
	if r.content != nil {
		r.content.spool.letGo()
		r.content = nil
	}
}

// stamp returns the stamp of all files on disk. It returns false if one has changed too recently, or if the system has
// no change times; then the files have to be read.
func (s *Source) stamp() (stamp, bool) {
	now := s.shared.now()
	all := sha256.New()
	for _, e := range s.entries {
		if e.path == "" {
			continue
		}
		info, err := os.Stat(e.path)
		if err != nil {
			return stamp{}, false
		}
		id, changed, ok := identity(info)
		if !ok || young(changed, now) || young(info.ModTime(), now) {
			return stamp{}, false
		}
		all.Write(fmt.Appendf(nil, "%q %q %s %d %d %d\n", e.name, e.path, id, info.Size(), info.ModTime().UnixNano(), changed.UnixNano()))
	}
	return stamp(all.Sum(nil)), true
}

// young reports whether a file that changed at a time may change again without another time: within one tick of the
// file system's clock. Clocks that tell fractions of a second tick every ten milliseconds at least, the others every
// two seconds.
func young(changed, now time.Time) bool {
	tick := 2 * time.Second
	if changed.Nanosecond() != 0 {
		tick = 100 * time.Millisecond
	}
	return now.Sub(changed) <= tick
}

// read finds out about every file. It reads the files, unless this process has read them before and they are unchanged.
// The caller has to let go of the spool.
func (s *Source) read(ctx context.Context, e effort) (*content, error) {
	at, ok := s.stamp()
	if !ok {
		return s.readAll(ctx, e, nil)
	}
	one := s.shared.of(at)
	select {
	case one.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-one.turn }()
	if known := s.shared.use(one, e); known != nil {
		// The configuration is not on disk in the form in which it is deployed.
		return s.readAll(ctx, e, known)
	}
	c, err := s.readAll(ctx, e, nil)
	if again, ok := s.stamp(); err == nil && ok && again == at {
		s.shared.keep(at, one, c)
	}
	return c, err
}
