// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

func TestUpEndsAtASignal(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p := startProgram(t, "up", "--json", "--backend", "simulated", "--tls")
			c := p.connection(t)
			folder := filepath.Dir(c.CAFile)
			if _, err := os.Stat(folder); err != nil {
				t.Error(err)
			}
			if err := p.process.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(p.output)
			if err != nil || len(rest) > 0 {
				t.Errorf("it also prints %q: %v", rest, err)
			}
			if err := p.process.Wait(); err != nil {
				t.Errorf("%v: %s", err, p.stderr.String())
			}
			if _, err := os.Stat(folder); !os.IsNotExist(err) {
				t.Errorf("%s is still there: %v", folder, err)
			}
		})
	}
}

// Many signals in a row leave nothing behind either.
func TestUpEndsAtManySignals(t *testing.T) {
	t.Parallel()
	p := startProgram(t, "up", "--json", "--backend", "simulated")
	folder := filepath.Dir(filepath.Dir(p.connection(t).CredentialsFile))
	for range 20 {
		if err := p.process.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	err := p.process.Wait()
	// The last of them may come when all is removed already, and a signal ends the program as usual.
	if status, ok := p.process.ProcessState.Sys().(syscall.WaitStatus); err != nil && (!ok || status.Signal() != syscall.SIGINT) {
		t.Errorf("%v: %s", err, p.stderr.String())
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", folder, err)
	}
}

func TestUpOutlivesTheReaderOfItsOutput(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	process := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], "up", "--backend", "simulated", "--state-dir", dir)
	process.Env = append(os.Environ(), childVariable+"=1")
	process.Stdout, process.Stderr = write, write
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	line, err := bufio.NewReader(read).ReadString('\n')
	if err := errors.Join(err, read.Close(), write.Close()); err != nil || !strings.HasPrefix(line, "# The local cloud is ready") {
		t.Fatalf("%q: %v", line, err)
	}
	// The server logs each refusal, to a pipe that nobody reads any more.
	for range 3 {
		c, err := connect(dir)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.send(t.Context(), http.MethodGet, "/v1alpha1/other/databases", "", nil)
		var refused *refusal
		if !errors.As(err, &refused) || refused.status != http.StatusForbidden {
			t.Fatal(err)
		}
	}
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Error(err)
	}
}

// A failed start prints one line and leaves nothing behind.
func TestUpThatFailsToStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	used := t.TempDir()
	other := startProgram(t, "up", "--json", "--backend", "simulated", "--state-dir", used).connection(t)
	for name, test := range map[string]struct{ args, want string }{
		"everywhere":   {"--listen 0.0.0.0:0", "dbos-localcloud: listen address \"0.0.0.0:0\": the local cloud listens on a loopback address only, such as 127.0.0.1:0\n"},
		"taken port":   {"--listen " + strings.TrimPrefix(other.Endpoint, "http://"), "address already in use\n"},
		"used state":   {"--state-dir " + used, "state directory " + used + " is in use by another local cloud"},
		"file":         {"--state-dir " + file, "dbos-localcloud: state directory: mkdir " + file + ": not a directory\n"},
		"organization": {"--organization user", "the API uses this name in other paths; choose another\n"},
		"no Postgres":  {"--backend postgres --postgres-bin " + used, used},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temporary := t.TempDir()
			process := exec.CommandContext(t.Context(), os.Args[0], append([]string{"up", "--backend", "simulated"}, strings.Fields(test.args)...)...)
			process.Env = append(os.Environ(), childVariable+"=1", "TMPDIR="+temporary)
			output, err := process.CombinedOutput()
			var failed *exec.ExitError
			if !errors.As(err, &failed) || failed.ExitCode() != 1 || !strings.Contains(string(output), test.want) || strings.Count(string(output), "\n") != 1 {
				t.Errorf("%v: %s, want one line with %q", err, output, test.want)
			}
			if left, err := os.ReadDir(temporary); err != nil || len(left) != 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

func TestUpPrintsTheEnvironment(t *testing.T) {
	t.Parallel()
	c := localcloud.Connection{Endpoint: "http://127.0.0.1:80", Token: "t", RefreshToken: "r", Organization: "local"}
	want := `# The local cloud is ready; Ctrl-C stops it. For Terraform and "dbos-localcloud fault":
export DBOS_ENDPOINT='http://127.0.0.1:80'
export DBOS_TOKEN='t'
export DBOS_REFRESH_TOKEN='r'
export DBOS_ORGANIZATION='local'
# The DBOS Cloud CLI needs HTTPS: to use it, start with --tls.
`
	if got := environment(c); got != want {
		t.Errorf("%s", got)
	}
	c.Endpoint, c.CAFile, c.CredentialsFile = "https://127.0.0.1:80", "/a b/ca.pem", "/it's/.dbos/credentials"
	want = `# The local cloud is ready; Ctrl-C stops it. For Terraform and "dbos-localcloud fault":
export DBOS_ENDPOINT='https://127.0.0.1:80'
export DBOS_TOKEN='t'
export DBOS_REFRESH_TOKEN='r'
export DBOS_ORGANIZATION='local'
export DBOS_CA_CERTIFICATE_FILE='/a b/ca.pem'
# For the DBOS Cloud CLI, in the application's folder:
export DBOS_DOMAIN='127.0.0.1:80'
export NODE_EXTRA_CA_CERTS='/a b/ca.pem'
mkdir -p .dbos && cp '/it'\''s/.dbos/credentials' .dbos/credentials
`
	if got := environment(c); got != want {
		t.Errorf("%s", got)
	}
}
