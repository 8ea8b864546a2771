//! `#[derive(Params)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Expr, Field};

use crate::{description, fields, is_option};

/// The member's `Says`, as an expression.
fn says(field: &Field) -> syn::Result<TokenStream> {
    let (mut default, mut min, mut max, mut one_of) = (None, None, None, None);
    for attr in field.attrs.iter().filter(|a| a.path().is_ident("param")) {
        attr.parse_nested_meta(|meta| {
            let place = if meta.path.is_ident("default") {
                &mut default
            } else if meta.path.is_ident("min") {
                &mut min
            } else if meta.path.is_ident("max") {
                &mut max
            } else if meta.path.is_ident("one_of") {
                &mut one_of
            } else {
                return Err(meta.error("expected `default`, `min`, `max` or `one_of`"));
            };
            *place = Some(meta.value()?.parse::<Expr>()?);
            Ok(())
        })?;
    }
    let option = |value: Option<Expr>, of: fn(Expr) -> TokenStream| match value {
        Some(value) => {
            let value = of(value);
            quote!(::std::option::Option::Some(#value))
        }
        None => quote!(::std::option::Option::None),
    };
    let description = description(field);
    let default = option(default, |value| {
        quote!(::zaraba_sdk::serde_json::json!(#value))
    });
    let number = |value: Expr| quote!((#value) as f64);
    let (min, max) = (option(min, number), option(max, number));
    let one_of = one_of.map(|choices| quote!(&#choices));
    let one_of = one_of.unwrap_or_else(|| quote!(&[]));
    Ok(quote! {
        ::zaraba_sdk::params::Says {
            description: #description,
            default: #default,
            min: #min,
            max: #max,
            one_of: #one_of,
        }
    })
}

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = fields(input)?;
    let ident = &input.ident;
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    let optional: Vec<_> = fields.iter().map(|field| is_option(&field.ty)).collect();
    let names: Vec<String> = fields
        .iter()
        .map(|field| {
            field
                .ident
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default()
        })
        .collect();
    let says: Vec<TokenStream> = fields.iter().map(|f| says(f)).collect::<Result<_, _>>()?;
    Ok(quote! {
        impl ::zaraba_sdk::params::Params for #ident {
            fn members() -> ::std::vec::Vec<::zaraba_sdk::params::Member> {
                ::std::vec![
                    #(::zaraba_sdk::params::member::<#types>(#names, #says, #optional)),*
                ]
            }

            fn read(
                object: &::zaraba_sdk::serde_json::Map<
                    ::std::string::String,
                    ::zaraba_sdk::serde_json::Value,
                >,
            ) -> ::std::result::Result<Self, ::zaraba_sdk::params::Unfit> {
                ::std::result::Result::Ok(Self {
                    #(#idents: ::zaraba_sdk::params::take(object, #names, &#says)?),*
                })
            }
        }
    })
}
