// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/jackc/pgx/v5"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
)

// TestAccDatabaseInstance_rotatedBesideAnotherProvider plays what the guide about passwords says: a PostgreSQL provider
// with the same password logs in while a rotation is planned, before the new password is set.
func TestAccDatabaseInstance_rotatedBesideAnotherProvider(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.Postgres)
	tf := inWorkspace(t, c, `
variable "password" {
  sensitive = true
}

resource "dbos_database_instance" "orders" {
  name                = "orders"
  username            = "app"
  password            = var.password
  deletion_protection = false
}
`)
	tf.Env = append(tf.Env, "TF_REATTACH_PROVIDERS="+servePsql(t))
	tf.write("terraform.tf", `
terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
    psql = {
      source = "example.com/test/psql"
    }
  }
}
`)
	tf.write("psql.tf", `
provider "psql" {
  url = provider::dbos::connection_url(merge(dbos_database_instance.orders, { sslmode = "disable" }))
}

resource "psql_login" "orders" {}
`)
	first, second, third := "-var=password="+firstPassword, "-var=password="+secondPassword, "-var=password=Third-pass-9"
	tf.ok("apply", "-auto-approve", first)

	tf.fails([]string{"plan", second}, "password authentication failed")
	tf.ok("apply", "-auto-approve", "-refresh=false", second)
	tf.ok("plan", "-detailed-exitcode", second)

	tf.fails([]string{"apply", "-auto-approve", third}, "password authentication failed")
	tf.ok("apply", "-auto-approve", "-target=dbos_database_instance.orders", third)
	tf.ok("apply", "-auto-approve", third)
	tf.ok("plan", "-detailed-exitcode", third)
	tf.ok("destroy", "-auto-approve", third)
}

// servePsql serves the provider of a small PostgreSQL client, and returns how Terraform finds it.
func servePsql(t *testing.T) string {
	t.Helper()
	const address = "example.com/test/psql"
	ctx, cancel := context.WithCancel(t.Context())
	served, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- tf6server.Serve(address, providerserver.NewProtocol6(psqlProvider{}), tf6server.WithDebug(ctx, served, closed), tf6server.WithoutLogStderrOverride())
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	var at *plugin.ReattachConfig
	select {
	case at = <-served:
	case err := <-ended:
		ended <- nil
		t.Fatalf("the client's provider does not serve: %v", err)
	}
	encoded, err := json.Marshal(map[string]any{address: map[string]any{
		"Protocol": at.Protocol, "ProtocolVersion": at.ProtocolVersion, "Pid": at.Pid, "Test": true,
		"Addr": map[string]string{"Network": at.Addr.Network(), "String": at.Addr.String()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// psqlProvider has one resource, which does nothing but log in when it is made or refreshed, as those of the published
// PostgreSQL providers do.
type psqlProvider struct{}

func (psqlProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "psql"
}

func (psqlProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{"url": schema.StringAttribute{Required: true, Sensitive: true}}}
}

func (psqlProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var url types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("url"), &url)...)
	resp.ResourceData = url.ValueString()
}

func (psqlProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (psqlProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &psqlLogin{} }}
}

type psqlLogin struct{ url string }

func (r *psqlLogin) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "psql_login"
}

func (r *psqlLogin) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = resourceschema.Schema{Attributes: map[string]resourceschema.Attribute{"user": resourceschema.StringAttribute{Computed: true}}}
}

func (r *psqlLogin) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.url, _ = req.ProviderData.(string)
}

func (r *psqlLogin) login(ctx context.Context, diags *diag.Diagnostics) string {
	conn, err := pgx.Connect(ctx, r.url)
	if err != nil {
		diags.AddError("Cannot log in", fmt.Sprint(err))
		return ""
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.Config().User
}

func (r *psqlLogin) Create(ctx context.Context, _ resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("user"), r.login(ctx, &resp.Diagnostics))...)
}

func (r *psqlLogin) Read(ctx context.Context, _ resource.ReadRequest, resp *resource.ReadResponse) {
	r.login(ctx, &resp.Diagnostics)
}

func (r *psqlLogin) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (r *psqlLogin) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
