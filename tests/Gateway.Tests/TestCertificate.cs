using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gateway.Tests;

/// <summary>A certificate that nobody trusts, for gateways with TLS.</summary>
internal static class TestCertificate
{
    /// <summary>Writes one; the settings that name it, and an address of https.</summary>
    public static string[] Write(TestFolder folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(7));
        File.WriteAllText(folder["tls.crt"], certificate.ExportCertificatePem());
        File.WriteAllText(folder["tls.key"], key.ExportPkcs8PrivateKeyPem());
        return
        [
            "Urls=https://127.0.0.1:0", $"Kestrel:Certificates:Default:Path={folder["tls.crt"]}",
            $"Kestrel:Certificates:Default:KeyPath={folder["tls.key"]}",
        ];
    }
}
