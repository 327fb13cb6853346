// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Command docsjson prints the provider's schema in the form of "terraform providers schema -json", from which
// tfplugindocs makes the pages. It asks the provider instead of Terraform, since an older Terraform would leave out
// list resources, actions and identities.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

func main() {
	log.SetFlags(0)
	if err := write(context.Background(), os.Stdout); err != nil {
		log.Fatal("docsjson: ", err)
	}
}

func write(ctx context.Context, out io.Writer) error {
	server, err := providerserver.NewProtocol6WithError(provider.New("docs")())()
	if err != nil {
		return err
	}
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return err
	}
	if err := failure(append(schemas.Diagnostics, identities.Diagnostics...)); err != nil {
		return err
	}
	translated, err := translate(schemas, identities)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(translated)
}

// failure joins the diagnostics that are errors.
func failure(diags []*tfprotov6.Diagnostic) error {
	var all []error
	for _, diag := range diags {
		if diag.Severity == tfprotov6.DiagnosticSeverityError {
			all = append(all, fmt.Errorf("%s: %s", diag.Summary, diag.Detail))
		}
	}
	return errors.Join(all...)
}
