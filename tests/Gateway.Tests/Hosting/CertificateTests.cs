using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gateway.Tests.Hosting;

/// <summary>HTTP/2 over TLS from the Kestrel section, and certificates that change while the gateway runs.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly CancellationToken _test = TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_renewed_certificate_is_for_new_connections_and_a_broken_one_is_refused(bool isPem)
    {
        var first = Write(isPem);
        string[] settings = isPem
            ? [$"Kestrel:Endpoints:Https:Certificate:Path={_folder["tls.crt"]}",
                $"Kestrel:Endpoints:Https:Certificate:KeyPath={_folder["tls.key"]}"]
            : [$"Kestrel:Endpoints:Https:Certificate:Path={_folder["tls.pfx"]}", "Kestrel:Endpoints:Https:Certificate:Password=secret"];
        await using var gateway = await TestGateway.StartAsync(["Kestrel:Endpoints:Https:Url=https://127.0.0.1:0", .. settings]);
        using var old = NewClient(gateway.Port);
        Assert.Equal(first, await ThumbprintAsync(old));
        using (var put = new ByteArrayContent(TestGateway.Bytes(3_000_000)))
        {
            Assert.Equal(HttpStatusCode.Created, (await old.Client.PutAsync("/resources/1", put, _test)).StatusCode);
        }

        // An answer is half read while the certificate changes, on a connection that is not to notice.
        using var running = await old.Client.GetAsync("/resources/1", HttpCompletionOption.ResponseHeadersRead, _test);
        var second = Write(isPem);
        await WaitForAsync(gateway.Port, second);
        Assert.Equal(TestGateway.Bytes(3_000_000), await running.Content.ReadAsByteArrayAsync(_test));
        Assert.Equal(first, await ThumbprintAsync(old));
        Assert.Equal(1, old.Connections);

        // The gateway has looked at the garbage when a look comes after it that sees it, which takes a second.
        await File.WriteAllTextAsync(_folder[isPem ? "tls.crt" : "tls.pfx"], "garbage", _test);
        for (var i = 0; i < 6; i++)
        {
            await Task.Delay(250, _test);
            using var client = NewClient(gateway.Port);
            Assert.Equal(second, await ThumbprintAsync(client));
        }

        // And a right one is taken after it.
        await WaitForAsync(gateway.Port, Write(isPem));
    }

    [Fact]
    public async Task The_default_certificate_serves_urls_and_sends_its_chain()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=Root of a test", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = rootRequest.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(9));
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var middleRequest = new CertificateRequest("CN=Middle of a test", middleKey, HashAlgorithmName.SHA256);
        middleRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var middle = middleRequest.Create(root, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(8), [1, 2, 3]);
        using var middleWithKey = middle.CopyWithPrivateKey(middleKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .Create(middleWithKey, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(7), [4, 5, 6]);
        await File.WriteAllTextAsync(_folder["tls.crt"], leaf.ExportCertificatePem() + "\n" + middle.ExportCertificatePem(), _test);
        await File.WriteAllTextAsync(_folder["tls.key"], key.ExportPkcs8PrivateKeyPem(), _test);

        await using var gateway = await TestGateway.StartAsync(
            "Urls=https://127.0.0.1:0", $"Kestrel:Certificates:Default:Path={_folder["tls.crt"]}",
            $"Kestrel:Certificates:Default:KeyPath={_folder["tls.key"]}");
        using var client = NewClient(gateway.Port);
        Assert.Equal(leaf.Thumbprint, await ThumbprintAsync(client));
        Assert.Contains(middle.Thumbprint, client.Chain);
    }

    /// <summary>RFC 9110 §5.5: bytes beyond ASCII are opaque, and end neither the request nor the connection of the others.</summary>
    [Fact]
    public async Task Latin_1_in_a_field_is_no_error_over_http_2()
    {
        Write(isPem: true);
        await using var gateway = await TestGateway.StartAsync(
            "Urls=https://127.0.0.1:0", $"Kestrel:Certificates:Default:Path={_folder["tls.crt"]}",
            $"Kestrel:Certificates:Default:KeyPath={_folder["tls.key"]}");
        using var client = NewClient(gateway.Port);
        foreach (var (name, value) in ((string, string)[])[
            ("Cookie", "name=J\u00f6rg"), ("User-Agent", "Br\u00fclls/1.0"), ("Referer", "https://gateway.example/\u00e4"),
            ("X-Name", "\u00ff\u0080")])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/health/live")
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
            using var response = await client.Client.SendAsync(request, _test);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(1, client.Connections);
    }

    /// <summary>Not beside the settings file, nor beside the executable.</summary>
    [Theory]
    [InlineData("Kestrel:Endpoints:Https:Certificate")]
    [InlineData("Kestrel:Endpoints:Https:Sni:*:Certificate")]
    [InlineData("Kestrel:Certificates:Default")]
    public async Task A_relative_path_is_so_to_the_working_directory_and_may_be_a_link(string name)
    {
        var thumbprint = Write(isPem: true);
        File.CreateSymbolicLink(_folder["link"], _folder.Path);
        var folder = Path.Combine(Path.GetRelativePath(Directory.GetCurrentDirectory(), _folder.Path), "link");
        await using var gateway = await TestGateway.StartAsync(
            "Kestrel:Endpoints:Https:Url=https://127.0.0.1:0", $"{name}:Path={folder}/tls.crt", $"{name}:KeyPath={folder}/tls.key");
        using var client = NewClient(gateway.Port);
        Assert.Equal(thumbprint, await ThumbprintAsync(client));
    }

    private static async Task<string> ThumbprintAsync(TlsClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health/live")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var response = await client.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(HttpVersion.Version20, response.Version);
        return client.Thumbprint;
    }

    /// <summary>New connections until one has the certificate; the bound is generous, for the gateway looks once a second.</summary>
    private static async Task WaitForAsync(int port, string thumbprint)
    {
        var seen = "";
        for (var i = 0; i < 300 && seen != thumbprint; i++)
        {
            using var client = NewClient(port);
            seen = await ThumbprintAsync(client);
            await Task.Delay(100);
        }

        Assert.Equal(thumbprint, seen);
    }

    private static TlsClient NewClient(int port) => new(port);

    /// <summary>Puts a new certificate where the gateway finds it.</summary>
    private string Write(bool isPem)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(7));
        if (isPem)
        {
            // One file after the other, as renewals do: what does not fit together is refused until it does.
            File.WriteAllText(_folder["tls.crt"], certificate.ExportCertificatePem());
            File.WriteAllText(_folder["tls.key"], key.ExportPkcs8PrivateKeyPem());
        }
        else
        {
            File.WriteAllBytes(_folder["tls.pfx"], certificate.Export(X509ContentType.Pkcs12, "secret"));
        }

        return certificate.Thumbprint;
    }

    /// <summary>A client with connections of its own, which notes what certificate it was shown.</summary>
    private sealed class TlsClient : IDisposable
    {
        public TlsClient(int port) => Client = new HttpClient(new SocketsHttpHandler
        {
            RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.Latin1,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                {
                    Thumbprint = ((X509Certificate2)certificate!).Thumbprint;
                    Chain = [.. chain!.ChainPolicy.ExtraStore.Select(element => element.Thumbprint)];
                    Connections++;
                    return true;
                },
            },
        })
        {
            BaseAddress = new Uri($"https://127.0.0.1:{port}"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        public HttpClient Client { get; }

        public string Thumbprint { get; private set; } = "";

        public IReadOnlyList<string> Chain { get; private set; } = [];

        public int Connections { get; private set; }

        public void Dispose() => Client.Dispose();
    }
}
