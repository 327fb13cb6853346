// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

const childVariable = "LOCALCLOUD_TEST_PROGRAM"

// TestMain lets the test's own program be the one that is started.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is dbos-localcloud as a process.
type program struct {
	process *exec.Cmd
	output  *bufio.Reader
	stderr  bytes.Buffer
}

func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{process: exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], args...)}
	p.process.Env = append(os.Environ(), childVariable+"=1", "TMPDIR="+t.TempDir())
	p.process.Stderr = &p.stderr
	output, err := p.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.output = bufio.NewReader(output)
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.process.Process.Kill()
		_ = p.process.Wait()
	})
	return p
}

func (p *program) connection(t *testing.T) localcloud.Connection {
	t.Helper()
	line, err := p.output.ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, p.stderr.String())
	}
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	var c localcloud.Connection
	if err := decoder.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSignalsEndIt(t *testing.T) {
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

// Whoever presses Ctrl-C again and again is left with nothing as well.
func TestManySignalsEndIt(t *testing.T) {
	t.Parallel()
	p := startProgram(t, "up", "--json", "--backend", "simulated")
	folder := filepath.Dir(filepath.Dir(p.connection(t).CredentialsFile))
	for range 20 {
		if err := p.process.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.process.Wait(); err != nil {
		t.Errorf("%v: %s", err, p.stderr.String())
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", folder, err)
	}
}

func TestItOutlivesItsReader(t *testing.T) {
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
	// Each refusal is logged, to where nobody reads any more.
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

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"", "down", "up extra", "up --nonsense", "up --provision-time soon", "fault", "fault break", "fault add extra", "status extra", "reset extra", "run", "run --tls", "run --nonsense -- true", "fault add --header x"} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			if err := run(t.Context(), strings.Fields(args), io.Discard, &stderr); !errors.Is(err, errUsage) || stderr.Len() == 0 {
				t.Errorf("%v: %s", err, stderr.String())
			}
		})
	}
}

// What keeps it from starting is one line, and nothing is left behind.
func TestFailedStart(t *testing.T) {
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
		"organization": {"--organization user", "belongs to the account's own calls\n"},
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

func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	for command, flags := range map[string][]string{
		"up":     {"listen", "state-dir", "backend", "tls", "provision-time", "retention", "organization", "postgres-bin", "token-lifetime", "legacy-names", "legacy-records", "json"},
		"run":    {"state-dir", "backend", "tls", "provision-time", "postgres-bin", "log"},
		"status": {"state-dir", "json"},
		"reset":  {"state-dir"},
		"fault add": {
			"state-dir", "method", "path", "skip", "times", "for", "chance", "rate", "latency", "jitter", "trickle", "lose", "drop", "hang",
			"status", "header", "body", "retry-after", "retry-date", "after", "alter", "unseen",
		},
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			var help bytes.Buffer
			_ = run(t.Context(), append(strings.Fields(command), "--help"), &help, &help)
			for _, flag := range flags {
				if !strings.Contains(help.String(), "\n  -"+flag) {
					t.Errorf("there is no --%s:\n%s", flag, help.String())
				}
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	c := localcloud.Connection{Endpoint: "http://127.0.0.1:80", Token: "t", RefreshToken: "r", Organization: "local"}
	want := `# The local cloud is ready; Ctrl-C stops it. For Terraform and "dbos-localcloud fault":
export DBOS_ENDPOINT='http://127.0.0.1:80'
export DBOS_TOKEN='t'
export DBOS_REFRESH_TOKEN='r'
export DBOS_ORGANIZATION='local'
# The DBOS Cloud CLI speaks HTTPS only: start with --tls to use it.
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

func TestBuiltByGoRun(t *testing.T) {
	t.Parallel()
	const hash = "aebaf76c2b5fc4e19b874e7de9ec68ec1e33c62683060cd2ba60897445b079fd"
	for program, want := range map[string]bool{
		"/tmp/go-build1712857936/b001/exe/cmd":            true,
		"/root/.cache/go-build/ae/" + hash + "-d/cmd":     true,
		"/var/cache/ae/" + hash + "-d/cmd":                true,
		"/tmp/go-build1712857936/b001/localcloud.test":    false,
		"/home/go-build/exe/dbos-localcloud":              false,
		"/home/a/bin/dbos-localcloud":                     false,
		"/nix/store/ae/" + hash + "-dbos/dbos-localcloud": false,
	} {
		if got := builtByGoRun(program); got != want {
			t.Errorf("%s: %t", program, got)
		}
	}
}

// TestFaultCommands drives a running local cloud from outside.
func TestFaultCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := localcloud.Start(t.Context(), localcloud.Options{Backend: "simulated", StateDir: dir, TLS: true, TokenLifetime: -time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	fault := func(args ...string) (string, error) {
		var output bytes.Buffer
		err := run(t.Context(), append([]string{"fault", args[0], "--state-dir", dir}, args[1:]...), &output, io.Discard)
		return output.String(), err
	}
	// Its only tokens are expired ones: the login fails in words.
	if _, err := fault("list"); err == nil || !strings.Contains(err.Error(), "the token is expired") {
		t.Errorf("with an expired token: %v", err)
	}
	server, err = restarted(server, localcloud.Options{Backend: "simulated", StateDir: dir, TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct{ args, output, fault string }{
		{"list", "", ""},
		{"add --method post --path databases/* --times 1 --status 429 --header X-C=3 --header Retry-After=5 --header X-A=1 --header X-B=2 --body later", "1\n", ""},
		{"add --latency 20ms --lose --skip 2", "2\n", ""},
		{"list", "1: 0 hits: --method POST --path databases/* --times 1 --status 429 --header Retry-After=5 --header X-A=1 --header X-B=2 --header X-C=3 --body \"later\"\n2: 0 hits: --skip 2 --latency 20ms --lose\n", ""},
		{"clear 1", "", ""},
		{"clear 1", "", "fault 1 not found"},
		{"list", "2: 0 hits: --skip 2 --latency 20ms --lose\n", ""},
		{"clear", "", ""},
		{"list", "", ""},
		{"add", "", "a fault has one of drop, lose, hang, status, alter, latency, jitter, trickle and unseen"},
		{"add --for 1m0s --chance 0.5 --rate 20 --jitter 1s --trickle 1ms --status 503 --retry-after 5s --retry-date --after", "3\n", ""},
		{"add --alter omit --unseen 2s", "4\n", ""},
		{"list", "3: 0 hits: --for 1m0s --chance 0.5 --rate 20 --jitter 1s --trickle 1ms --status 503 --retry-after 5s --retry-date --after\n4: 0 hits: --alter omit --unseen 2s\n", ""},
	}
	for _, step := range steps {
		output, err := fault(strings.Fields(step.args)...)
		if output != step.output {
			t.Errorf("fault %s prints %q", step.args, output)
		}
		if step.fault == "" && err != nil || step.fault != "" && (err == nil || !strings.Contains(err.Error(), step.fault)) {
			t.Errorf("fault %s: %v", step.args, err)
		}
	}
}

func restarted(server *localcloud.Server, o localcloud.Options) (*localcloud.Server, error) {
	if err := server.Close(); err != nil {
		return nil, err
	}
	return localcloud.Start(context.Background(), o)
}

// TestFaultNeedsALocalCloud sets the environment, so it does not run in parallel.
func TestFaultNeedsALocalCloud(t *testing.T) {
	t.Setenv("DBOS_ENDPOINT", "")
	err := run(t.Context(), []string{"fault", "list"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "which local cloud?") {
		t.Error(err)
	}
}

// TestFaultByEnvironment sets the environment, so it does not run in parallel.
func TestFaultByEnvironment(t *testing.T) {
	server, err := localcloud.Start(t.Context(), localcloud.Options{Backend: "simulated", StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("DBOS_ENDPOINT", server.Connection().Endpoint+"/")
	t.Setenv("DBOS_TOKEN", "")
	t.Setenv("DBOS_REFRESH_TOKEN", server.Connection().RefreshToken)
	t.Setenv("DBOS_CA_CERTIFICATE_FILE", "")
	var output bytes.Buffer
	if err := run(t.Context(), []string{"fault", "add", "--drop"}, &output, io.Discard); err != nil || output.String() != "1\n" {
		t.Errorf("%q %v", output.String(), err)
	}
}
