// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package examples

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

// TestEveryObjectHasAnExample holds the promise of the documentation: it is made from files of these names.
func TestEveryObjectHasAnExample(t *testing.T) {
	t.Parallel()
	server, err := providerserver.NewProtocol6WithError(provider.New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	demand(t, "resources", schemas.ResourceSchemas, "resource.tf", "import.sh")
	demand(t, "data-sources", schemas.DataSourceSchemas, "data-source.tf")
	demand(t, "ephemeral-resources", schemas.EphemeralResourceSchemas, "ephemeral-resource.tf")
	demand(t, "functions", schemas.Functions, "function.tf")
	demand(t, "list-resources", schemas.ListResourceSchemas, "list-resource.tfquery.hcl")
	demand(t, "actions", schemas.ActionSchemas, "action.tf")
}

func demand[Schema any](t *testing.T, kind string, objects map[string]Schema, files ...string) {
	t.Helper()
	for name := range objects {
		for _, file := range files {
			if _, err := os.Stat(filepath.Join(acctest.Root(t), "examples", kind, name, file)); err != nil {
				t.Error(err)
			}
		}
	}
}
