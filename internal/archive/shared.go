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

// Many deployments of one directory in one process read its files once. The digests are kept under a stamp of all
// files: device, inode, size, modification time and change time of each. No program can set the change time, so it
// shows a change even if size and modification time stay the same.

// minAge is how old a change must be before the stamp is trusted. A file that changes twice within one tick of the file
// system's clock can have the same stamp for two contents.
const minAge = 2 * time.Second

// maxReadings limits the memory for digests. A process deploys few different directories.
const maxReadings = 32

// readings are the digests that this process has computed, by the stamp of the files.
type readings struct {
	mu    sync.Mutex
	known map[stamp]*reading
	now   func() time.Time
	reads func(name string) // called before a file is read; nil but in tests
}

var shared = &readings{now: time.Now}

type stamp [sha256.Size]byte

// reading holds the digests of all files of a directory. Only the holder of the turn may use it.
type reading struct {
	turn     chan struct{}
	digests  []digest // nil before they are known
	deflated bool
}

// of returns the reading with a stamp. It creates one if there is none.
func (r *readings) of(at stamp) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.known[at]
	if one == nil {
		if r.known == nil || len(r.known) >= maxReadings {
			r.known = map[stamp]*reading{}
		}
		one = &reading{turn: make(chan struct{}, 1)}
		r.known[at] = one
	}
	return one
}

// stamp returns the stamp of all files on disk. It returns false if one has changed too recently, or if the system has
// no change times; then the files have to be read.
func (s *Source) stamp() (stamp, bool) {
	recent := s.shared.now().Add(-minAge)
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
		if !ok || !changed.Before(recent) || !info.ModTime().Before(recent) {
			return stamp{}, false
		}
		all.Write(fmt.Appendf(nil, "%q %q %s %d %d %d\n", e.name, e.path, id, info.Size(), info.ModTime().UnixNano(), changed.UnixNano()))
	}
	return stamp(all.Sum(nil)), true
}

// digests returns the digest of every entry. It reads the files, unless this process has read them before and they are
// unchanged.
func (s *Source) digests(ctx context.Context, deflate bool) ([]digest, error) {
	at, ok := s.stamp()
	if !ok {
		return s.readAll(ctx, deflate, nil)
	}
	one := s.shared.of(at)
	select {
	case one.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-one.turn }()
	if one.digests != nil && (one.deflated || !deflate) {
		// The configuration is not on disk in the form in which it is deployed.
		return s.readAll(ctx, deflate, one.digests)
	}
	digests, err := s.readAll(ctx, deflate, nil)
	if again, ok := s.stamp(); err == nil && ok && again == at {
		one.digests, one.deflated = digests, deflate
	}
	return digests, err
}
