// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// process is one run of a server.
type process struct {
	pid      int
	port     int
	data     string
	log      string
	logStart int64 // offset of the first line of this run
	stopping atomic.Bool
	done     chan struct{}
	err      error // why it ended, once it is done
}

var errPortTaken = errors.New("the port is taken")

// run starts the server and returns when clients can log in. If the preferred port is 0 or taken, it uses another.
func (s *Server) run(ctx context.Context, preferred int, settings ...string) (*process, error) {
	const attempts = 10
	if preferred != 0 {
		p, err := s.launch(ctx, preferred, settings)
		if !errors.Is(err, errPortTaken) {
			return p, err
		}
	}
	var failure error
	for range attempts {
		port, err := freePort(ctx)
		if err != nil {
			return nil, err
		}
		p, err := s.launch(ctx, port, settings)
		if !errors.Is(err, errPortTaken) {
			return p, err
		}
		failure = err // another program took the port first
	}
	return nil, failure
}

func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err := errors.Join(err, listener.Close()); err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

// launch makes one attempt to start the server.
func (s *Server) launch(ctx context.Context, port int, settings []string) (*process, error) {
	p := &process{port: port, data: s.path(dataName), log: s.path(logName), done: make(chan struct{})}
	if err := os.RemoveAll(filepath.Join(p.data, pidFile)); err != nil {
		return nil, err
	}
	log, err := p.openLog()
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()

	//nolint:noctx // The server lives longer than the context of its start.
	cmd := exec.Command(filepath.Join(s.installation.bin, "postgres"))
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), log, log
	defer closeAll(cmd)
	name, err := s.installation.account.passTo(cmd, p.data)
	if err != nil {
		return nil, err
	}
	cmd.Args = append(cmd.Args, "-D", name)
	for _, setting := range append([]string{"port=" + strconv.Itoa(port), "cluster_name=" + filepath.Base(s.dir)}, settings...) {
		cmd.Args = append(cmd.Args, "-c", setting)
	}
	// At this signal a server ends its child processes before itself.
	err = s.installation.account.startRestricted(cmd, syscall.SIGQUIT, p.done, s.installation.bin, p.data, s.path(walName))
	if err != nil {
		return nil, fmt.Errorf("start the server in %s: %w", s.dir, err)
	}
	p.pid = cmd.Process.Pid
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := p.ready(ctx); err != nil {
		return nil, errors.Join(err, p.end(context.WithoutCancel(ctx), syscall.SIGQUIT))
	}
	return p, nil
}

// ready waits until the PID file says that the server accepts logins. An answer on the port could come from another
// server that got hold of the port.
func (p *process) ready(ctx context.Context) error {
	for {
		if note := readPIDFile(p.data); note.pid == p.pid && note.ready {
			return nil
		}
		select {
		case <-p.done:
			return p.died()
		default:
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("the server did not get ready: %w\n%s", err, p.logTail())
		}
	}
}

// died is the error of a server that was not stopped but has ended.
func (p *process) died() error {
	log := p.logTail()
	if strings.Contains(log, "Address already in use") {
		return fmt.Errorf("%w: %d\n%s", errPortTaken, p.port, log)
	}
	return fmt.Errorf("the server has ended by itself (%w); the end of its log:\n%s", p.err, log)
}

// end stops the server by a signal. It sends harsher ones if that takes too long or the context ends.
func (p *process) end(ctx context.Context, first syscall.Signal) error {
	p.stopping.Store(true)
	for _, step := range []struct {
		signal  syscall.Signal
		timeout time.Duration
	}{{first, 30 * time.Second}, {syscall.SIGQUIT, 10 * time.Second}, {syscall.SIGKILL, 10 * time.Second}} {
		if p.signal(step.signal); p.endsWithin(ctx, step.timeout) {
			return nil
		}
		ctx = context.WithoutCancel(ctx) // the context hurries only the first step
	}
	return fmt.Errorf("the server process %d does not end", p.pid)
}

func (p *process) signal(signal syscall.Signal) {
	select {
	case <-p.done: // its PID may be another process's by now
	default:
		_ = syscall.Kill(p.pid, signal)
	}
}

func (p *process) endsWithin(ctx context.Context, timeout time.Duration) bool {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// pause waits a moment before the next look at what another process does.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(2 * time.Millisecond):
		return nil
	}
}
