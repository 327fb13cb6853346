// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
)

// home is where the settings of Terraform and OpenTofu are.
type home struct {
	windows bool
	dir     string // the user's home directory; on Windows the folder of application data
	// config is the CLI configuration that TF_CLI_CONFIG_FILE names, or "".
	config string
}

// newHome finds the home of the user. The config is the one of the user's shell, since make unsets the variable for
// what it runs.
func newHome(config string) (home, error) {
	h := home{windows: runtime.GOOS == "windows", config: config}
	var err error
	if h.windows {
		h.dir, err = os.UserConfigDir()
	} else {
		h.dir, err = os.UserHomeDir()
	}
	return h, err
}

// plugins is the folder where every init looks first.
func (h home) plugins() string {
	if h.windows {
		return filepath.Join(h.dir, "terraform.d", "plugins")
	}
	return filepath.Join(h.dir, ".terraform.d", "plugins")
}

var installation = regexp.MustCompile(`(?m)^\s*provider_installation\b`)

// hiding is the CLI configuration with a provider_installation block, which hides the plugins folder, or "".
func (h home) hiding() string {
	files := []string{h.config}
	switch {
	case h.config != "":
	case h.windows:
		files = []string{filepath.Join(h.dir, "terraform.rc"), filepath.Join(h.dir, "tofu.rc")}
	default:
		files = []string{filepath.Join(h.dir, ".terraformrc"), filepath.Join(h.dir, ".tofurc")}
	}
	for _, file := range files {
		if content, err := os.ReadFile(file); err == nil && installation.Match(content) {
			return file
		}
	}
	return ""
}

const explanation = `Version %[1]s of the provider %[2]s in %[3]s.
Paste these lines into a .tf file of any folder:

terraform {
  required_providers { dbos = { source = "dbos-community/dbos" } }
}

Then run "terraform init" or "tofu init". If the folder used another build before, add -upgrade.
`

const warning = `
But %[1]s has a provider_installation block, so Terraform does not look in that folder. Add this line to the block:

  filesystem_mirror { path = %[2]q }
`

// explain prints how to use an installed version.
func (h home) explain(out io.Writer, version, state string) error {
	if _, err := fmt.Fprintf(out, explanation, version, state, h.plugins()); err != nil {
		return err
	}
	if file := h.hiding(); file != "" {
		_, err := fmt.Fprintf(out, warning, file, h.plugins())
		return err
	}
	return nil
}
