// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// readRows are how often a file is read that many deployments share.
var readRows = []row{
	{"read", "times that 100 deployments read the folder that they share, in the apply that makes them", 1, "", func(ctx context.Context, b *bench) (float64, string, error) {
		s, err := b.theCrowd(ctx)
		if err != nil {
			return 0, "", err
		}
		return float64(s.reads), "", nil
	}},
	{"readplan", "the same, in a plan of what is unchanged", 1, "", func(ctx context.Context, b *bench) (float64, string, error) {
		s, err := b.theCrowd(ctx)
		if err != nil {
			return 0, "", err
		}
		reads, err := countOpens(s.shared(), func() error { return plan(ctx, s.Workspace) })
		return float64(reads), "", err
	}},
	{"readagain", "the same, in the apply after the folder changed", 1, "", func(ctx context.Context, b *bench) (float64, string, error) {
		s, err := b.theCrowd(ctx)
		if err != nil {
			return 0, "", err
		}
		if err := os.WriteFile(s.shared(), []byte("// changed\n"), 0o644); err != nil {
			return 0, "", err
		}
		reads, err := s.readsOfApply(ctx)
		return float64(reads), "", err
	}},
}

// shared is a file of the folder.
func (s *crowdSite) shared() string { return filepath.Join(s.Dir, "app", "main.js") }

// readsOfApply applies a plan and counts how often the apply reads the shared file.
func (s *crowdSite) readsOfApply(ctx context.Context) (int, error) {
	if _, err := s.Run(ctx, "plan", "-out=planned"); err != nil {
		return 0, err
	}
	reads, err := countOpens(s.shared(), func() error {
		_, err := s.Run(ctx, "apply", "-parallelism=100", "planned")
		return err
	})
	return reads, errors.Join(err, os.Remove(filepath.Join(s.Dir, "planned")))
}

// countOpens counts how often a file is opened while something runs. Files that are open at the same time may count as
// one.
func countOpens(path string, run func() error) (opens int, err error) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	// Two events of one kind in a row count as one, unless another kind is in between.
	if _, err := unix.InotifyAddWatch(fd, path, unix.IN_OPEN|unix.IN_CLOSE); err != nil {
		return 0, err
	}
	if err := run(); err != nil {
		return 0, err
	}
	events, buffer := 0, make([]byte, 4096)
	for {
		n, err := unix.Read(fd, buffer)
		if errors.Is(err, unix.EAGAIN) {
			return events / 2, nil
		}
		if err != nil {
			return 0, err
		}
		events += n / unix.SizeofInotifyEvent
	}
}
