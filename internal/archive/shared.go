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

// Many deployments of one directory in one process read its files once. What was read is remembered under the stamps of
// all files: device, inode, size, and the times of the last change of content and of inode. The last one cannot be set
// by a program, so that it tells a change even where size and modification time stay as they were.

// restless is how long a file must have been left alone before its stamp stands for its content. A file that changes
// twice within the resolution of the file system's clock may have one stamp for two contents.
const restless = 2 * time.Second

// mostReadings bounds what is remembered. A process deploys few different directories.
const mostReadings = 32

// readings are what this process has read, by the stamp of the files.
type readings struct {
	mu    sync.Mutex
	known map[stamp]*reading
	now   func() time.Time
	reads func(name string) // called before a file is read; nil but in tests
}

var shared = &readings{now: time.Now}

type stamp [sha256.Size]byte

// reading is one look at all files of a directory. Whoever holds the turn may read, and use what is there.
type reading struct {
	turn     chan struct{}
	digests  []digest // nil before they are known
	deflated bool
}

// of returns the reading of some files, made if there is none.
func (r *readings) of(at stamp) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.known[at]
	if one == nil {
		if r.known == nil || len(r.known) >= mostReadings {
			r.known = map[stamp]*reading{}
		}
		one = &reading{turn: make(chan struct{}, 1)}
		r.known[at] = one
	}
	return one
}

// stamp is that of all files on disk. It is false where a file is too young, or the system has no such stamp: then the
// files have to be read.
func (s *Source) stamp() (stamp, bool) {
	young := s.shared.now().Add(-restless)
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
		if !ok || !changed.Before(young) || !info.ModTime().Before(young) {
			return stamp{}, false
		}
		all.Write(fmt.Appendf(nil, "%q %q %s %d %d %d\n", e.name, e.path, id, info.Size(), info.ModTime().UnixNano(), changed.UnixNano()))
	}
	return stamp(all.Sum(nil)), true
}

// digests returns the digest of every entry. It reads the files, unless somebody else in this process has read the same
// files before and they are unchanged.
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
