// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package provider_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"golang.org/x/sys/unix"

	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

const servesProvider = "DBOS_TEST_SERVES_PROVIDER"

// TestEndWithParent starts providers that lose what has started them. They end, and remove their sockets. A Ctrl-C
// while they start does not end them.
func TestEndWithParent(t *testing.T) {
	t.Parallel()
	if os.Getenv(servesProvider) != "" {
		provider.EndWithParent()
		if err := unix.Kill(os.Getpid(), unix.SIGINT); err != nil { // a Ctrl-C while it starts
			t.Fatal(err)
		}
		_ = tf6server.Serve("registry.terraform.io/dbos-community/dbos", provider.NewServer("test"))
		return
	}
	t.Run("the parent is killed", func(t *testing.T) {
		t.Parallel()
		temp := socketDir(t)
		parent := providerCommand(t, temp, "sh", "-c", `"$0" -test.run "^TestEndWithParent$" & wait`, os.Args[0])
		output, err := parent.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := parent.Start(); err != nil {
			t.Fatal(err)
		}
		reader := bufio.NewReader(output)
		handshake, err := reader.ReadString('\n')
		if err != nil || !strings.Contains(handshake, "|unix|"+temp) {
			t.Fatalf("the provider does not serve on a socket in its temporary folder: %q, %v", handshake, err)
		}
		if err := parent.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		// The pipe is at its end once the provider has ended, too.
		if _, err := io.Copy(io.Discard, reader); err != nil {
			t.Fatal(err)
		}
		_ = parent.Wait()
		noSocket(t, temp)
	})
	t.Run("nobody reads what it says", func(t *testing.T) {
		t.Parallel()
		temp := socketDir(t)
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = reader.Close()
		served := providerCommand(t, temp, os.Args[0], "-test.run", "^TestEndWithParent$")
		served.Stdout, served.Stderr = writer, writer
		err = served.Start()
		_ = writer.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := served.Wait(); err == nil || served.ProcessState.ExitCode() != 1 {
			t.Errorf("the provider ends with %v", err)
		}
		noSocket(t, temp)
	})
}

func providerCommand(t *testing.T, temp, program string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	c.Env = append(os.Environ(), servesProvider+"=1", "TMPDIR="+temp, "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
	return c
}

func socketDir(t *testing.T) string {
	t.Helper()
	temp, err := os.MkdirTemp("", "parent-") //nolint:usetesting // The path of a socket has to be short.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temp) })
	return temp
}

func noSocket(t *testing.T, temp string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(temp, "plugin*")); err != nil || len(left) > 0 {
		t.Errorf("the provider has left its socket behind: %v %v", left, err)
	}
}
