// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package workspace runs a real Terraform, or OpenTofu, on a folder of configuration, in which "init" finds this
// provider. The demo, the tests of the examples and the benchmarks use it. The user's own settings for Terraform and
// for this provider do not reach it.
package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Engine is an installed Terraform or OpenTofu.
type Engine struct {
	Name    string // "terraform" or "tofu", as it is typed
	Path    string
	Version string
}

// FindEngine looks for terraform on the PATH, then for tofu.
func FindEngine(ctx context.Context) (*Engine, error) {
	for _, name := range []string{"terraform", "tofu"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, path, "version", "-json")
		cmd.Env = Environment(os.Environ())
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s version: %w", path, err)
		}
		var version struct {
			Number string `json:"terraform_version"`
		}
		if err := json.Unmarshal(out, &version); err != nil {
			return nil, fmt.Errorf("%s version: %w", path, err)
		}
		return &Engine{Name: name, Path: path, Version: version.Number}, nil
	}
	return nil, errors.New("neither terraform nor tofu is on the PATH: install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu (https://opentofu.org/docs/intro/install)")
}

// Environment is environ without the variables for Terraform and this provider, and with an empty CLI configuration.
// The user's own one may name another provider by dev_overrides or a provider_installation block.
func Environment(environ []string, more ...string) []string {
	kept := make([]string, 0, len(environ)+len(more)+4)
	for _, entry := range environ {
		if !strings.HasPrefix(entry, "TF_") && !strings.HasPrefix(entry, "DBOS_") && !strings.HasPrefix(entry, "TOFU_") {
			kept = append(kept, entry)
		}
	}
	kept = append(kept, "TF_CLI_CONFIG_FILE="+os.DevNull, "TF_CLI_ARGS=-no-color", "TF_INPUT=0", "CHECKPOINT_DISABLE=1")
	return append(kept, more...)
}

// AtLeast tells whether the engine's version is 1.minor or newer. Terraform and OpenTofu number their versions alike
// where both have a feature.
func (e *Engine) AtLeast(minor int) bool {
	var major, got int
	if _, err := fmt.Sscanf(e.Version, "%d.%d", &major, &got); err != nil {
		return false
	}
	return major > 1 || major == 1 && got >= minor
}

// HasQueries tells whether the engine knows list resources and actions: Terraform 1.14 does, OpenTofu does not.
func (e *Engine) HasQueries() bool { return e.Name == "terraform" && e.AtLeast(14) }
