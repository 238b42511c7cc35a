using System.Collections.Concurrent;
using Gateway.Configuration;
using Microsoft.AspNetCore.Server.Kestrel;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Primitives;

namespace Gateway.Hosting;

/// <summary>
/// Certificates that change while connections go on. Kestrel would follow its certificate files too, but closes the endpoint and
/// breaks off what still runs on it after five seconds, so it is shown its section without them, and asks here at each handshake.
/// </summary>
internal sealed class CertificateFiles
{
    private const string Default = "Kestrel:Certificates:Default";

    private readonly LoadedSettings _loaded;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, CertificateFile> _files = new(StringComparer.OrdinalIgnoreCase);

    private CertificateFiles(LoadedSettings loaded, ILogger logger)
    {
        _loaded = loaded;
        _logger = logger;
    }

    /// <summary>Lets a server take its endpoints from the Kestrel section and the certificates of files from here.</summary>
    public static void Use(KestrelServerOptions server, LoadedSettings loaded)
    {
        var files = new CertificateFiles(loaded, server.ApplicationServices.GetRequiredService<ILogger<CertificateFiles>>());
        var shown = new SettingsSnapshot(files.Shown());
        var kestrel = server.Configure(shown.GetSection("Kestrel"), reloadOnChange: true);
        files.AddEndpoints(kestrel);
        server.ConfigureHttpsDefaults(https => files.Attach(https, Default));
        ChangeToken.OnChange(loaded.Configuration.GetReloadToken, () =>
        {
            files.AddEndpoints(kestrel);
            shown.Replace(files.Shown());
        });
    }

    private void AddEndpoints(KestrelConfigurationLoader kestrel)
    {
        foreach (var endpoint in _loaded.Configuration.GetSection("Kestrel:Endpoints").GetChildren())
        {
            var certificate = $"{endpoint.Path}:Certificate";
            kestrel.Endpoint(endpoint.Key, options =>
            {
                if (options.IsHttps && _loaded.Configuration.GetSection(certificate).GetChildren().Any())
                {
                    // Its own goes before the default, be it of a file or of the system's store.
                    options.HttpsOptions.ServerCertificateSelector = null;
                    options.HttpsOptions.OnAuthenticate = null;
                    Attach(options.HttpsOptions, certificate);
                }
            });
        }
    }

    /// <summary>Takes the certificate from its file, if it is one of a file.</summary>
    private void Attach(HttpsConnectionAdapterOptions https, string path)
    {
        if (!IsOfFile(path))
        {
            return;
        }

        var file = _files.GetOrAdd(path, _ => new CertificateFile(_loaded.Configuration.GetSection(path), _logger));
        https.ServerCertificateSelector = (_, _) => file.Current.TargetCertificate;
        https.OnAuthenticate = (_, handshake) =>
        {
            // The selector alone would send no intermediate certificates.
            handshake.ServerCertificateSelectionCallback = null;
            handshake.ServerCertificateContext = file.Current;
        };
    }

    private bool IsOfFile(string path) => !string.IsNullOrEmpty(_loaded.Configuration[$"{path}:Path"]);

    /// <summary>What Kestrel gets to see: no certificates that are taken from here, and of others, as for one of several host names, the
    /// absolute path, for it would look beside the settings file.</summary>
    private IConfiguration Shown()
    {
        var hidden = _loaded.Configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => $"{endpoint.Path}:Certificate")
            .Append(Default).Where(IsOfFile).ToList();
        var shown = _loaded.Configuration.AsEnumerable()
            .Where(pair => !hidden.Any(path => pair.Key.StartsWith($"{path}:", StringComparison.OrdinalIgnoreCase)))
            .Select(pair => IsPath(pair.Key) && !string.IsNullOrEmpty(pair.Value) ? new(pair.Key, Path.GetFullPath(pair.Value)) : pair);
        return new ConfigurationBuilder().AddInMemoryCollection(shown).Build();
    }

    private static bool IsPath(string key) => key.StartsWith("Kestrel:", StringComparison.OrdinalIgnoreCase)
        && (key.EndsWith(":Certificate:Path", StringComparison.OrdinalIgnoreCase)
        || key.EndsWith(":Certificate:KeyPath", StringComparison.OrdinalIgnoreCase));
}
