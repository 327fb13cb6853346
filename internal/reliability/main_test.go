// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

func TestMain(m *testing.M) {
	// The provider runs within this process too, and its libraries would print their trace.
	provider.Tune()
	debug.SetMemoryLimit(math.MaxInt64) // There is more than one provider in this process.
	code := acctest.Main(m)
	if testing.Verbose() {
		fmt.Print(markdown())
	}
	os.Exit(code)
}

// newWorkspace writes a configuration into a folder of its own and initialises it.
func newWorkspace(t *testing.T, config string, env ...string) *workspace.Workspace {
	t.Helper()
	w := acctest.Workspace(t, t.TempDir(), env...)
	if err := os.WriteFile(filepath.Join(w.Dir, "main.tf"), []byte(acctest.Requirements+config), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := w.Run(t.Context(), "init"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return w
}

// reattach serves the provider within this process, where the race detector sees it, and returns what makes Terraform
// attach to it.
func reattach(t *testing.T, environment map[string]string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	configs, ended := make(chan *plugin.ReattachConfig, 1), make(chan struct{})
	served := make(chan error, 1)
	factory := providerserver.NewProtocol6(provider.NewWithOptions(provider.Options{
		Version: "test",
		Getenv:  func(name string) string { return environment[name] },
	})())
	go func() {
		served <- tf6server.Serve("registry.terraform.io/dbos-community/dbos", factory,
			tf6server.WithDebug(ctx, configs, ended), tf6server.WithoutLogStderrOverride(), tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	var config *plugin.ReattachConfig
	select {
	case config = <-configs:
	case err := <-served:
		t.Fatalf("serve the provider: %v", err)
	}
	type address struct{ Network, String string }
	one := map[string]any{
		"Protocol": string(config.Protocol), "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": true,
		"Addr": address{config.Addr.Network(), config.Addr.String()},
	}
	encoded, err := json.Marshal(map[string]any{
		"registry.terraform.io/dbos-community/dbos": one, "registry.opentofu.org/dbos-community/dbos": one,
	})
	if err != nil {
		t.Fatal(err)
	}
	return "TF_REATTACH_PROVIDERS=" + string(encoded)
}

// fromEnvironment reads a number from a variable.
func fromEnvironment(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return number
}
