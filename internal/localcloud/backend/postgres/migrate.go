// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strconv"
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
	disk   int64         // bytes of all that is unpacked and written
}

var defaultLimits = limits{time: 10 * time.Minute, output: 10 << 20, files: 100_000, bytes: 2 << 30, disk: 4 << 30}

var (
	errPrintsTooMuch = errors.New("prints too much")
	errWritesTooMuch = errors.New("writes too much")
)

// Migrate unpacks the archive into a temporary folder and runs the commands there, as a sandbox.
func (b *Backend) Migrate(ctx context.Context, m backend.Migration) (output string, err error) {
	if len(m.Commands) == 0 {
		return "", nil
	}
	login, err := b.login(m.On, m.Database)
	if err != nil {
		return "", err
	}
	sandbox, err := postgres.NewSandboxUser()
	if err != nil {
		return "", err
	}
	folder, err := b.temporaryFolder(sandbox)
	if err != nil {
		return "", fmt.Errorf("make a folder for the application's files: %w", err)
	}
	defer b.cleanUp(ctx, sandbox, folder)
	if err := b.unpack(ctx, sandbox, m.Archive, folder); err != nil {
		return "", fmt.Errorf("unpack the application's archive: %w", err)
	}
	run := migrationRun{
		sandbox: sandbox, limits: b.limits, folder: folder,
		environment: append(environment(m.Secrets),
			"PATH="+os.Getenv("PATH"), "HOME="+folder, "DBOS_DATABASE_URL="+connectionURL(login, m.Database)),
	}
	for _, command := range m.Commands {
		if err = run.command(ctx, command); err != nil {
			break
		}
	}
	return maskSecrets(run.output.String(), login.Role, m.Secrets), err
}

// login is how an application logs in where its database is.
func (b *Backend) login(on backend.Target, database string) (backend.Link, error) {
	if on.Link != nil {
		return *on.Link, nil
	}
	server, err := b.server(on.Instance)
	if err != nil {
		return backend.Link{}, err
	}
	return backend.Link{
		Address: backend.Address{Host: server.Host(), Port: server.Port()}, Role: backend.Role(server.OwnerOf(database)),
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

// maskSecrets takes out of an output what the commands were told in confidence: it is shown to the user, and logged on
// the way. Words too short to be a secret stay.
func maskSecrets(output string, login backend.Role, secrets map[string]string) string {
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
	sandbox     *postgres.SandboxUser
	limits      limits
	folder      string
	environment []string
	output      tail
}

// bounded runs a command in a shell that writes no file larger than $2 blocks of 512 bytes, and no memory dump.
const bounded = `ulimit -c 0; ulimit -f "$2"; exec /bin/sh -c "$1"`

// command runs one as a shell does. Nothing that it starts goes on when it has ended.
func (r *migrationRun) command(ctx context.Context, line string) error {
	limited, tooLong := context.WithTimeout(ctx, r.limits.time)
	defer tooLong()
	limited, stop := context.WithCancelCause(limited)
	defer stop(nil)

	cmd := exec.CommandContext(limited, "/bin/sh", "-c", bounded, "sh", line, strconv.FormatInt(r.limits.disk/512, 10))
	cmd.Dir, cmd.Env = r.folder, r.environment
	r.output.begin(r.limits.output, func() { stop(errPrintsTooMuch) })
	cmd.Stdout, cmd.Stderr = &r.output, &r.output
	end := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = end
	// What it leaves running may hold on to the output.
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
	_ = end() // an error means that nothing is left
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

// watchDisk looks again and again how much of the disk the sandbox takes.
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
		// Many files take long to look at.
		wait = max(250*time.Millisecond, 20*time.Since(begun))
	}
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
