//! The derives of zaraba-sdk: `Row` makes a manifest's fields of a struct of columns and reads rows
//! into it; `Params` makes a JSON Schema of a struct of parameters and reads them; `Stored` lets a
//! struct be remembered.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Expr, Field, Fields, Lit, Meta, Type, parse_macro_input};

mod params;
mod row;
mod stored;

/// Columns that a rule wants of a stream or a table, as a struct: `f64`, `i64`, `bool`, `Text`,
/// `Timestamp`, `Date`, each also in `Option` for rows without a value. `#[column(name = "…")]` names
/// a column that the field is not named after; `#[column(optional)]` on an `Option` says that the
/// stream may lack it.
#[proc_macro_derive(Row, attributes(column))]
pub fn row(input: TokenStream) -> TokenStream {
    finish(row::derive(&parse_macro_input!(input as DeriveInput)))
}

/// Parameters of a rule, as a struct: `f64`, `i64`, `bool`, `String`, `Duration`, `Severity`, other
/// structs of parameters, each also in `Vec` or `Option`. `#[param(default = 5.0, min = 0.0,
/// max = 100.0)]` and `#[param(one_of = ["call", "put"])]` say what they may be; a documentation
/// comment is the description. A default is whatever `json!` takes; `default = name()` calls a
/// function.
#[proc_macro_derive(Params, attributes(param))]
pub fn params(input: TokenStream) -> TokenStream {
    finish(params::derive(&parse_macro_input!(input as DeriveInput)))
}

/// What a rule can remember, as a struct of what can be remembered. State that was written by another
/// shape of the struct counts as none, or reads as nonsense if it happens to have as many bytes: give
/// the map another name when the struct changes.
#[proc_macro_derive(Stored)]
pub fn stored(input: TokenStream) -> TokenStream {
    finish(stored::derive(&parse_macro_input!(input as DeriveInput)))
}

fn finish(result: syn::Result<Tokens>) -> TokenStream {
    result
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// The named fields of a struct.
fn fields(input: &DeriveInput) -> syn::Result<Vec<&Field>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => Ok(named.named.iter().collect()),
            _ => Err(syn::Error::new(input.span(), "expected named fields")),
        },
        _ => Err(syn::Error::new(input.span(), "expected a struct")),
    }
}

/// The documentation comment of a field, on one line, without its full stop.
fn description(field: &Field) -> String {
    let lines = field.attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    let text = lines.collect::<Vec<_>>().join(" ");
    text.trim_end_matches('.').to_owned()
}

/// Whether a type is written `Option<…>`.
fn is_option(of: &Type) -> bool {
    matches!(of, Type::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

/// A type with every lifetime in it put as `'static`.
fn without_lifetimes(of: &Type) -> Tokens {
    fn put(tokens: Tokens) -> Tokens {
        let mut out = Vec::new();
        let mut after_tick = false;
        for token in tokens {
            use proc_macro2::{Group, Ident, TokenTree};
            out.push(match token {
                TokenTree::Group(group) => {
                    TokenTree::Group(Group::new(group.delimiter(), put(group.stream())))
                }
                TokenTree::Ident(ident) if after_tick => {
                    TokenTree::Ident(Ident::new("static", ident.span()))
                }
                other => other,
            });
            after_tick = matches!(out.last(), Some(TokenTree::Punct(p)) if p.as_char() == '\'');
        }
        out.into_iter().collect()
    }
    put(quote!(#of))
}
