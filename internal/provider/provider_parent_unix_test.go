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

	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

// TestEndWithParent kills what has started a provider. The provider ends, and removes its socket.
func TestEndWithParent(t *testing.T) {
	t.Parallel()
	const serves = "DBOS_TEST_SERVES_PROVIDER"
	if os.Getenv(serves) != "" {
		provider.EndWithParent()
		_ = tf6server.Serve("registry.terraform.io/dbos-community/dbos", provider.NewServer("test"))
		return
	}
	temp, err := os.MkdirTemp("", "parent-") //nolint:usetesting // The path of a socket has to be short.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temp) })
	parent := exec.CommandContext(t.Context(), "sh", "-c", `"$0" -test.run "^TestEndWithParent$" & wait`, os.Args[0])
	parent.Env = append(os.Environ(), serves+"=1", "TMPDIR="+temp, "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
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
	if left, err := filepath.Glob(filepath.Join(temp, "plugin*")); err != nil || len(left) > 0 {
		t.Errorf("the provider has left its socket behind: %v %v", left, err)
	}
}
