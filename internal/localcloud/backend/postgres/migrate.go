// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// limits bound what a migration may use.
type limits struct {
	time   time.Duration // of one command
	output int           // bytes of one command
	files  int           // in the archive
	bytes  int64         // of all files together
}

var usualLimits = limits{time: 10 * time.Minute, output: 10 << 20, files: 100_000, bytes: 2 << 30}

var errPrintsTooMuch = errors.New("prints too much")

// Migrate unpacks the archive into a temporary folder and runs the commands
// there, as the user whom the servers run as.
func (b *Backend) Migrate(ctx context.Context, m backend.Migration) (output string, err error) {
	if len(m.Commands) == 0 {
		return "", nil
	}
	login, err := b.login(m.On)
	if err != nil {
		return "", err
	}
	folder, err := b.temporaryFolder()
	if err != nil {
		return "", fmt.Errorf("make a folder for the application's files: %w", err)
	}
	defer func() {
		if removal := removeAll(folder); removal != nil {
			b.log.Printf("remove the application's files: %s", removal)
		}
	}()
	if err := b.unpack(ctx, m.Archive, folder); err != nil {
		return "", fmt.Errorf("unpack the application's archive: %w", err)
	}
	run := migrationRun{
		installation: b.installation, limits: b.limits, folder: folder,
		environment: append(environment(m.Secrets),
			"PATH="+os.Getenv("PATH"), "HOME="+folder, "DBOS_DATABASE_URL="+connectionURL(login, m.Database)),
	}
	for _, command := range m.Commands {
		if err = run.command(ctx, command); err != nil {
			break
		}
	}
	return hide(run.output.String(), login.Role, m.Secrets), err
}

// login is how an application logs in where its database is.
func (b *Backend) login(on backend.Target) (backend.Link, error) {
	if on.Link != nil {
		return *on.Link, nil
	}
	server, err := b.server(on.Instance)
	if err != nil {
		return backend.Link{}, err
	}
	return backend.Link{
		Address: backend.Address{Host: server.Host(), Port: server.Port()}, Role: backend.Role(server.Application()),
	}, nil
}

func connectionURL(l backend.Link, database string) string {
	u := url.URL{Scheme: "postgresql", User: url.UserPassword(l.Role.Name, l.Role.Password), Host: l.Address.String(), Path: "/" + database}
	return u.String()
}

func environment(variables map[string]string) []string {
	all := make([]string, 0, len(variables)+3)
	for name, value := range variables {
		all = append(all, name+"="+value)
	}
	return all
}

// hide takes out of an output what the commands were told in confidence: it is
// shown to the user, and logged on the way. Words too short to be a secret stay.
func hide(output string, login backend.Role, secrets map[string]string) string {
	const short = 8
	pairs := []string{}
	add := func(secret string) {
		if len(secret) >= short {
			pairs = append(pairs, secret, "********")
		}
	}
	add(login.Password)
	add(strings.TrimPrefix(url.UserPassword("", login.Password).String(), ":"))
	for _, secret := range secrets {
		add(secret)
	}
	return strings.ToValidUTF8(strings.NewReplacer(pairs...).Replace(output), "\uFFFD")
}

// migrationRun runs the commands of one migration.
type migrationRun struct {
	installation *postgres.Installation
	limits       limits
	folder       string
	environment  []string
	output       tail
}

// command runs one as a shell does, as the servers' unprivileged user. Nothing
// that it starts goes on when it has ended.
func (r *migrationRun) command(ctx context.Context, line string) error {
	limited, tooLong := context.WithTimeout(ctx, r.limits.time)
	defer tooLong()
	limited, stop := context.WithCancelCause(limited)
	defer stop(nil)

	cmd := exec.CommandContext(limited, "/bin/sh", "-c", line)
	cmd.Dir, cmd.Env = r.folder, r.environment
	r.output.begin(r.limits.output, func() { stop(errPrintsTooMuch) })
	cmd.Stdout, cmd.Stderr = &r.output, &r.output
	end := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = end
	// What it leaves running may hold on to the output.
	cmd.WaitDelay = time.Second
	if err := r.installation.Start(cmd); err != nil {
		return fmt.Errorf("start a shell: %w", err)
	}
	err := cmd.Wait()
	_ = end() // an error means that nothing is left

	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(context.Cause(limited), errPrintsTooMuch):
		return &backend.CommandError{Command: line, Reason: fmt.Sprintf("printed more than %d bytes", r.limits.output)}
	case limited.Err() != nil:
		return &backend.CommandError{Command: line, Reason: fmt.Sprintf("took longer than %s", r.limits.time)}
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return &backend.CommandError{Command: line, Reason: err.Error()}
	}
	return nil
}

// tail keeps the end of what is written to it, and counts.
type tail struct {
	mu      sync.Mutex
	kept    []byte
	cut     bool
	left    int
	tooMuch func()
}

// begin counts anew.
func (t *tail) begin(limit int, tooMuch func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left, t.tooMuch = limit, tooMuch
}

func (t *tail) Write(p []byte) (int, error) {
	const kept = 64 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left -= len(p); t.left < 0 {
		t.tooMuch()
	}
	if t.kept = append(t.kept, p...); len(t.kept) > kept {
		t.kept, t.cut = append([]byte{}, t.kept[len(t.kept)-kept:]...), true
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cut {
		return "[...]" + string(t.kept)
	}
	return string(t.kept)
}
