// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// callsInCode finds the calls that a package makes: every api.Request in its files, by method and path. An element of
// a path that is not a literal is the name of an object, and is shown as *.
func callsInCode(t *testing.T, dir string) map[string]bool {
	t.Helper()
	calls := map[string]bool{}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, file.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		last := ""
		ast.Inspect(parsed, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CompositeLit:
				if !isRequest(node.Type) {
					break
				}
				if last = callOfRequest(node); last == "" {
					t.Errorf("%s has a request whose method or path is not written out", file.Name())
					break
				}
				calls[last] = true
			case *ast.CallExpr:
				if element := appendedToPath(node); element != "" {
					calls[last+"/"+element] = true
				}
			}
			return true
		})
	}
	if len(calls) == 0 {
		t.Fatal("no calls are found in the code")
	}
	return calls
}

func isRequest(typ ast.Expr) bool {
	selector, ok := typ.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == "Request"
}

// callOfRequest is "" if the request has no method or no path.
func callOfRequest(request *ast.CompositeLit) string {
	var method string
	var path []string
	for _, element := range request.Elts {
		field, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch name, _ := field.Key.(*ast.Ident); name.Name {
		case "Method":
			method = literalOf(field.Value)
		case "Path":
			if elements, ok := field.Value.(*ast.CompositeLit); ok {
				for _, one := range elements.Elts {
					path = append(path, literalOf(one))
				}
			}
		}
	}
	if method == "" || method == "*" || len(path) == 0 {
		return ""
	}
	return method + " " + strings.Join(path, "/")
}

// appendedToPath is the element that a call such as append(r.Path, "restore") adds, "" for any other call.
func appendedToPath(call *ast.CallExpr) string {
	name, ok := call.Fun.(*ast.Ident)
	if !ok || name.Name != "append" || len(call.Args) != 2 {
		return ""
	}
	if path, ok := call.Args[0].(*ast.SelectorExpr); !ok || path.Sel.Name != "Path" {
		return ""
	}
	return literalOf(call.Args[1])
}

func literalOf(value ast.Expr) string {
	if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		if text, err := strconv.Unquote(literal.Value); err == nil {
			return text
		}
	}
	return "*"
}
