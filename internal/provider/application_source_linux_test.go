// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
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

// TestDeploymentReads counts how often a deployment reads its files.
func TestDeploymentReads(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	r := newRPC(t, d.api)
	dir := sourceDir(t, map[string]string{"main.js": "one"})
	set := attributes{"application_name": "shop", "source_dir": dir}
	file := watch(t, filepath.Join(dir, "main.js"))

	planned := r.plan(applicationDeploymentType, nil, set, "")
	file.want("the plan of a create", 0)
	o := r.finish(planned, applicationDeploymentType, nil, set, "")
	file.want("a create", 2) // once to know what is there, once to send it

	r.unchanged(r.refresh(o, ""), set)
	file.want("a plan", 1)
	write(t, dir, "main.js", "two")
	file.want("the test", 1)
	planned = r.plan(applicationDeploymentType, o, set, "")
	file.want("the plan of an update", 1)
	r.finish(planned, applicationDeploymentType, o, set, "")
	file.want("an update", 2)
	d.wantDeploys(t, 2)
}
