// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// TestEveryPathMayBeginAtHome sets the environment, so it does not run in parallel.
func TestEveryPathMayBeginAtHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // Windows' name for it.
	missing := filepath.Join(home, "nosuch")
	for name, fault := range map[string]func() diag.Diagnostics{
		"credentials_file": func() diag.Diagnostics {
			_, diags := configured(t, providerModel{CredentialsFile: types.StringValue("~/nosuch")}, nil)
			return diags
		},
		"ca_certificate_file": func() diag.Diagnostics {
			_, diags := configured(t, providerModel{CACertificateFile: types.StringValue("~/nosuch")}, nil)
			return diags
		},
		"DBOS_CA_CERTIFICATE_FILE": func() diag.Diagnostics {
			_, diags := configured(t, providerModel{}, map[string]string{"DBOS_CA_CERTIFICATE_FILE": "~/nosuch"})
			return diags
		},
		"source_dir": func() (diags diag.Diagnostics) {
			deployment := applicationDeploymentModel{SourceDir: types.StringValue("~/nosuch")}
			deployment.openSource(t.Context(), &diags)
			return diags
		},
	} {
		if told := textOfDiagnostics(fault()); !strings.Contains(told, missing) {
			t.Errorf("%s: %q does not name %s", name, told, missing)
		}
	}
}
