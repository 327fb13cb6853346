// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/jackc/pgx/v5"
)

// kind is what distinguishes one type of object from another. Any change replaces an object.
type kind struct {
	name       string
	attributes map[string]schema.Attribute
	exists     string // with the object's values by name
	create     func(values) string
	drop       func(values) string
}

// values are an object's attributes that are strings, quoted as identifiers by id and as texts by text.
type values map[string]string

func (v values) id(name string) string   { return pgx.Identifier{v[name]}.Sanitize() }
func (v values) text(name string) string { return "'" + strings.ReplaceAll(v[name], "'", "''") + "'" }

func text() schema.StringAttribute {
	return schema.StringAttribute{Required: true, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()}}
}

var role = kind{
	name: "role",
	attributes: map[string]schema.Attribute{
		"name":     text(),
		"login":    schema.BoolAttribute{Required: true},
		"password": schema.StringAttribute{Required: true, Sensitive: true},
	},
	exists: "SELECT FROM pg_roles WHERE rolname = @name",
	create: func(v values) string {
		return "CREATE ROLE " + v.id("name") + " LOGIN PASSWORD " + v.text("password")
	},
	drop: func(v values) string { return "DROP ROLE " + v.id("name") },
}

var database = kind{
	name:       "database",
	attributes: map[string]schema.Attribute{"name": text()},
	exists:     "SELECT FROM pg_database WHERE datname = @name",
	create:     func(v values) string { return "CREATE DATABASE " + v.id("name") },
	drop:       func(v values) string { return "DROP DATABASE " + v.id("name") },
}

var grant = kind{
	name: "grant",
	attributes: map[string]schema.Attribute{
		"role":        text(),
		"database":    text(),
		"object_type": text(),
		"privileges":  schema.SetAttribute{Required: true, ElementType: types.StringType},
	},
	exists: "SELECT FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = @database AND a.grantee = to_regrole(@role)",
	create: func(v values) string { return "GRANT CONNECT ON DATABASE " + v.id("database") + " TO " + v.id("role") },
	drop: func(v values) string {
		return "REVOKE CONNECT ON DATABASE " + v.id("database") + " FROM " + v.id("role")
	},
}

// object is one role, database or grant.
type object struct {
	kind   kind
	server *settings
}

func (o *object) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + o.kind.name
}

func (o *object) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: o.kind.attributes}
}

func (o *object) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	o.server, _ = req.ProviderData.(*settings)
}

func (o *object) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	if _, err := o.server.run(ctx, o.kind.create(read(ctx, o.kind, req.Plan))); err != nil {
		resp.Diagnostics.AddError("Cannot create the "+o.kind.name, err.Error())
		return
	}
	resp.State.Raw = req.Plan.Raw
}

func (o *object) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	args := pgx.NamedArgs{}
	for name, value := range read(ctx, o.kind, req.State) {
		args[name] = value
	}
	rows, err := o.server.run(ctx, o.kind.exists, args)
	switch {
	case err != nil:
		resp.Diagnostics.AddError("Cannot read the "+o.kind.name, err.Error())
	case rows == 0:
		resp.State.RemoveResource(ctx)
	}
}

func (o *object) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError("Cannot change the "+o.kind.name, "This provider for tests only creates and deletes.")
}

func (o *object) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	if _, err := o.server.run(ctx, o.kind.drop(read(ctx, o.kind, req.State))); err != nil {
		resp.Diagnostics.AddError("Cannot drop the "+o.kind.name, err.Error())
	}
}

// read gets an object's strings from its plan or state. The framework has checked them against the schema.
func read(ctx context.Context, k kind, from interface {
	GetAttribute(context.Context, path.Path, any) diag.Diagnostics
}) values {
	v := values{}
	for name, attribute := range k.attributes {
		if attribute.GetType().Equal(types.StringType) {
			var value types.String
			from.GetAttribute(ctx, path.Root(name), &value)
			v[name] = value.ValueString()
		}
	}
	return v
}
