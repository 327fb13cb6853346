// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// TestInterruptedReadOfSource interrupts a deploy while it reads its files, which are not at fault then.
func TestInterruptedReadOfSource(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"package.json": "{}", "dbos-config.yaml": "name: shop\nlanguage: node\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := applicationDeploymentModel{
		SourceDir: types.StringValue(dir), ConfigFile: types.StringValue(defaultConfigFile), ConfigVariables: types.MapNull(types.StringType),
	}
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var diags diag.Diagnostics
	if _, packed := m.packSource(ctx, &diags); packed != nil || diags.ErrorsCount() != 1 {
		t.Fatalf("packed %v, with %v", packed, diags)
	}
	for _, want := range []string{"The operation was interrupted.", "Nothing was changed. Apply again."} {
		if got := diags[0].Detail(); !strings.Contains(got, want) {
			t.Errorf("the error does not say %q:\n%s", want, got)
		}
	}
}
