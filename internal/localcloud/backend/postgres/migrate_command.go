// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

var (
	errPrintsTooMuch = errors.New("prints too much")
	errWritesTooMuch = errors.New("writes too much")
)

// migrationRun runs the commands of one migration.
type migrationRun struct {
	sandbox     *postgres.SandboxUser
	limits      limits
	folder      string
	environment []string
	output      outputTail
}

// limitedShell runs the command $1 in a shell that writes no core dump and no file larger than $2 blocks of 512 bytes.
const limitedShell = `ulimit -c 0; ulimit -f "$2"; exec /bin/sh -c "$1"`

// command runs one command in a shell, and then ends every process that the command has started.
func (r *migrationRun) command(ctx context.Context, line string) error {
	limited, tooLong := context.WithTimeout(ctx, r.limits.time)
	defer tooLong()
	limited, stop := context.WithCancelCause(limited)
	defer stop(nil)

	cmd := exec.CommandContext(limited, "/bin/sh", "-c", limitedShell, "sh", line, strconv.FormatInt(r.limits.disk/512, 10))
	cmd.Dir, cmd.Env = r.folder, r.environment
	r.output.begin(r.limits.output, func() { stop(errPrintsTooMuch) })
	cmd.Stdout, cmd.Stderr = &r.output, &r.output
	end := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = end
	// A process that the command leaves running may hold the output open.
	cmd.WaitDelay = time.Second
	if err := r.sandbox.Start(cmd); err != nil {
		return fmt.Errorf("start a shell: %w", err)
	}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.watchDisk(limited, func() { stop(errWritesTooMuch) })
	}()
	err := cmd.Wait()
	_ = end() // fails if no process is left
	cause := context.Cause(limited)
	stop(nil)
	<-watched
	if err := r.sandbox.End(ctx, r.folder); err != nil {
		return err
	}

	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(cause, errPrintsTooMuch):
		return &backend.CommandError{Command: line, Reason: fmt.Sprintf("printed more than %d bytes", r.limits.output)}
	case errors.Is(cause, errWritesTooMuch):
		return &backend.CommandError{Command: line, Reason: fmt.Sprintf("took more than %d bytes of disk", r.limits.disk)}
	case cause != nil:
		return &backend.CommandError{Command: line, Reason: fmt.Sprintf("took longer than %s", r.limits.time)}
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return &backend.CommandError{Command: line, Reason: err.Error()}
	}
	return nil
}

// watchDisk checks the disk usage of the sandbox user until the context ends.
func (r *migrationRun) watchDisk(ctx context.Context, tooMuch func()) {
	wait := 100 * time.Millisecond
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		begun := time.Now()
		if diskUsage(r.sandbox, r.folder) > r.limits.disk {
			tooMuch()
			return
		}
		// The more files there are, the longer a check takes.
		wait = max(250*time.Millisecond, 20*time.Since(begun))
	}
}
