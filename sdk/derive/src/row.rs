//! `#[derive(Row)]`: a tuple of column readers is the reader, and a row is read field by field.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Field, LitStr};

use crate::{description, fields, is_option, without_lifetimes};

struct Column {
    name: String,
    optional: bool,
}

fn column(field: &Field) -> syn::Result<Column> {
    let ident = field.ident.as_ref().map(ToString::to_string);
    let mut column = Column {
        name: ident.unwrap_or_default(),
        optional: false,
    };
    for attr in field.attrs.iter().filter(|a| a.path().is_ident("column")) {
        attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                column.name = meta.value()?.parse::<LitStr>()?.value();
                Ok(())
            } else if meta.path.is_ident("optional") && is_option(&field.ty) {
                column.optional = true;
                Ok(())
            } else if meta.path.is_ident("optional") {
                Err(meta.error("a column that a stream may lack is an `Option`"))
            } else {
                Err(meta.error("expected `name` or `optional`"))
            }
        })?;
    }
    Ok(column)
}

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = fields(input)?;
    let columns: Vec<Column> = fields.iter().map(|f| column(f)).collect::<Result<_, _>>()?;
    let ident = &input.ident;
    let names: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let types: Vec<_> = fields.iter().map(|f| without_lifetimes(&f.ty)).collect();
    let places: Vec<_> = (0..fields.len()).map(syn::Index::from).collect();
    let in_sql = columns.iter().map(|column| &column.name);
    let optional = columns.iter().map(|column| column.optional);
    let says = fields.iter().map(|field| description(field));
    let borrows = input.generics.lifetimes().next().is_some();
    let of = |lifetime: TokenStream| match borrows {
        true => quote!(#ident<#lifetime>),
        false => quote!(#ident),
    };
    let (any, borrowed) = (of(quote!('_)), of(quote!('zaraba)));
    // Of no columns the reader is a unit, which clippy knows better how to write.
    Ok(quote! {
        #[allow(unused_imports, unused_variables, clippy::unused_unit)]
        const _: () = {
            use ::zaraba_sdk::row::Cell;

            impl ::zaraba_sdk::row::Row for #any {
                type Of<'zaraba> = #borrowed;
                type Reader<'zaraba> = (#(<#types as Cell>::Reader<'zaraba>,)*);

                fn fields() -> ::std::vec::Vec<::zaraba_sdk::bindings::Field> {
                    ::std::vec![#(::zaraba_sdk::bindings::Field {
                        name: ::std::string::String::from(#in_sql),
                        type_: <#types as Cell>::TYPE,
                        nullable: <#types as Cell>::NULLABLE,
                        optional: #optional,
                        description: ::std::string::String::from(#says),
                    }),*]
                }

                #[inline]
                fn reader(
                    columns: &[::zaraba_sdk::bindings::Column],
                    rows: usize,
                ) -> Self::Reader<'_> {
                    (#(<#types as Cell>::reader(&columns[#places], rows),)*)
                }

                #[inline]
                #[allow(unsafe_code)]
                unsafe fn read(reader: Self::Reader<'_>, row: usize) -> Self::Of<'_> {
                    // SAFETY: what the caller promised is what every column asks for.
                    #ident { #(#names: unsafe { <#types as Cell>::read(reader.#places, row) }),* }
                }
            }
        };
    })
}
