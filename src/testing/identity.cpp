#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string>

#include <boost/asio/ip/address.hpp>

#include <skein/core/error.hpp>
#include <skein/testing/model_server.hpp>

namespace skein::testing {
namespace {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using certificate = std::unique_ptr<X509, freed_by<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using extension = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;
using memory = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

void need(bool worked, const char* what) {
  if (!worked) throw usage_error(std::string{"cannot make a self-signed certificate: "} + what);
}

template <class Write>
std::string pem(Write write) {
  const memory out(BIO_new(BIO_s_mem()));
  need(out && write(out.get()) == 1, "writing PEM");
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void extend(X509* to, int kind, const std::string& value) {
  const extension made(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
  need(made && X509_add_ext(to, made.get(), -1) == 1, value.c_str());
}

}  // namespace

tls_identity self_signed(std::string_view host) {
  const private_key key(EVP_EC_gen("P-256"));
  const certificate cert(X509_new());
  need(key && cert, "making a key");
  constexpr long day = 24L * 60 * 60;
  need(X509_set_version(cert.get(), X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(cert.get()), -day) &&
           X509_gmtime_adj(X509_getm_notAfter(cert.get()), day) &&
           X509_set_pubkey(cert.get(), key.get()) == 1,
       "filling in the certificate");
  const std::string name{host};
  auto* subject = X509_get_subject_name(cert.get());
  need(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                  0) == 1 &&
           X509_set_issuer_name(cert.get(), subject) == 1,
       "the subject");
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(name, not_an_address);
  extend(cert.get(), NID_subject_alt_name, (not_an_address ? "DNS:" : "IP:") + name);
  extend(cert.get(), NID_basic_constraints, "critical,CA:TRUE");
  need(X509_sign(cert.get(), key.get(), EVP_sha256()) > 0, "signing");
  return {.certificate = pem([&](BIO* out) { return PEM_write_bio_X509(out, cert.get()); }),
          .key = pem([&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace skein::testing
