// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/dbos-community/terraform-provider-dbos/internal/connection"
)

// connectionDescription describes the parameter that the connection functions share.
const connectionDescription = "Any object with `hostname`, `port`, `username` and `password`, and optionally `database` (default `postgres`) and `sslmode`. " +
	"Other attributes are ignored, so you can pass a whole resource."

// connectionFrom reads a connection from the dynamic argument at position. An object parameter of a function cannot
// have optional attributes, so the parameter is dynamic.
func connectionFrom(argument types.Dynamic, position int64) (connection.Connection, *function.FuncError) {
	var attributes map[string]attr.Value
	switch value := argument.UnderlyingValue().(type) {
	case basetypes.ObjectValue:
		attributes = value.Attributes()
	case basetypes.MapValue:
		attributes = value.Elements()
	default:
		return connection.Connection{}, argumentError(position, "the connection must be an object with hostname, port and username")
	}

	var c connection.Connection
	texts := []struct {
		name     string
		target   *string
		required bool
	}{
		{"hostname", &c.Hostname, true},
		{"username", &c.Username, true},
		{"password", &c.Password, false},
		{"database", &c.Database, false},
		{"sslmode", &c.SSLMode, false},
	}
	for _, text := range texts {
		value, ok := textOf(attributes[text.name])
		if !ok || text.required && value == "" {
			rule := "must be a string"
			if text.required {
				rule = "must be a string that is not empty"
			}
			return connection.Connection{}, argumentError(position, fmt.Sprintf("the connection's %s %s", text.name, rule))
		}
		*text.target = value
	}
	port, ok := portOf(attributes["port"])
	if !ok {
		return connection.Connection{}, argumentError(position, "the connection's port must be a whole number from 1 to 65535")
	}
	c.Port = port
	if err := c.Check(); err != nil {
		return connection.Connection{}, argumentError(position, err.Error())
	}
	return c, nil
}

// textOf reads an optional string; absent and null are empty.
func textOf(value attr.Value) (string, bool) {
	if dynamic, ok := value.(basetypes.DynamicValue); ok {
		value = dynamic.UnderlyingValue()
	}
	if value == nil || value.IsNull() {
		return "", true
	}
	text, ok := value.(basetypes.StringValue)
	return text.ValueString(), ok
}

// portOf reads a port from a number, or from a string as in a map of strings.
func portOf(value attr.Value) (int64, bool) {
	if dynamic, ok := value.(basetypes.DynamicValue); ok {
		value = dynamic.UnderlyingValue()
	}
	var number *big.Float
	switch v := value.(type) {
	case basetypes.NumberValue:
		number = v.ValueBigFloat()
	case basetypes.StringValue:
		parsed, ok := new(big.Float).SetString(v.ValueString())
		if !ok {
			return 0, false
		}
		number = parsed
	}
	if number == nil || !number.IsInt() {
		return 0, false
	}
	port, _ := number.Int64()
	return port, port >= 0 && port <= 65535 // 0 comes from a mocked provider.
}
