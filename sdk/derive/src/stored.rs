//! `#[derive(Stored)]`: the bytes of the fields, one behind the other.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::fields;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let idents: Vec<_> = fields(input)?.iter().map(|field| &field.ident).collect();
    let ident = &input.ident;
    Ok(quote! {
        impl ::zaraba_sdk::state::Stored for #ident {
            fn write(&self, out: &mut ::std::vec::Vec<u8>) {
                #(::zaraba_sdk::state::Stored::write(&self.#idents, out);)*
            }

            fn read(bytes: &mut &[u8]) -> ::std::option::Option<Self> {
                ::std::option::Option::Some(Self {
                    #(#idents: ::zaraba_sdk::state::Stored::read(bytes)?),*
                })
            }
        }
    })
}
