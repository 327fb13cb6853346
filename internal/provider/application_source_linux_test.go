// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// opens counts how often a file is opened.
type opens struct {
	t  *testing.T
	fd int
}

func watch(t *testing.T, path string) *opens {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Close(fd); err != nil {
			t.Error(err)
		}
	})
	// Two events of one kind in a row count as one, unless another kind is in between.
	if _, err := syscall.InotifyAddWatch(fd, path, syscall.IN_OPEN|syscall.IN_CLOSE); err != nil {
		t.Fatal(err)
	}
	return &opens{t, fd}
}

// want checks how often the file was opened since the last time.
func (o *opens) want(what string, want int) {
	o.t.Helper()
	events := 0
	buffer := make([]byte, 4096)
	for {
		n, err := syscall.Read(o.fd, buffer)
		if errors.Is(err, syscall.EAGAIN) {
			break
		}
		if err != nil {
			o.t.Fatal(err)
		}
		events += n / syscall.SizeofInotifyEvent
	}
	if got := events / 2; got != want {
		o.t.Errorf("%s opened the file %d times, want %d", what, got, want)
	}
}

// settled waits until a file is so old that its times would tell another change. They need not within a tick of the
// file system's clock.
func settled(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	tick := 200 * time.Millisecond
	if info.ModTime().Nanosecond() == 0 { // It may be a clock of whole seconds.
		tick = 3 * time.Second
	}
	time.Sleep(time.Until(info.ModTime().Add(tick)))
}

// TestDeploymentReads counts how often a deployment reads its files: once in a plan and once in an apply. Terraform
// starts a process for each, and plans an update in both.
func TestDeploymentReads(t *testing.T) {
	t.Parallel()
	d, _ := newDeployment(t)
	dir, set := oneFile(t)
	main := filepath.Join(dir, "main.js")
	file := watch(t, main)

	planning, applying := newRPC(t, d.api), newRPC(t, d.api)
	planning.plan(applicationDeploymentType, nil, set, "")
	file.want("the plan of a create", 0)
	o := applying.apply(applicationDeploymentType, nil, set, "", "")
	file.want("a create", 1)

	write(t, dir, "main.js", "two")
	settled(t, main)
	file.want("the test", 1)
	planning, applying = newRPC(t, d.api), newRPC(t, d.api)
	o = planning.refresh(o, "")
	planning.plan(applicationDeploymentType, o, set, "")
	file.want("the plan of an update", 1)
	o = applying.apply(applicationDeploymentType, o, set, "", "")
	file.want("an update", 1)
	d.wantDeploys(t, 2)

	write(t, dir, "main.js", "three")
	file.want("the test", 1)
	planning, applying = newRPC(t, d.api), newRPC(t, d.api)
	triggered := set.with(attributes{"triggers": map[string]string{"secret": "2"}})
	o = planning.refresh(o, "")
	planning.plan(applicationDeploymentType, o, triggered, "")
	file.want("the plan of a changed trigger", 0)
	applying.apply(applicationDeploymentType, o, triggered, "", "")
	file.want("a changed trigger", 1)
	d.wantDeploys(t, 3)
	if got := d.uploads[2]["main.js"]; got != "three" {
		t.Errorf("deployed %q", got)
	}
}
