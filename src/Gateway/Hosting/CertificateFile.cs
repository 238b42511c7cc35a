using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gateway.Hosting;

/// <summary>A certificate that is read again when its files, or the settings that name them, have changed. One that cannot be read is
/// refused with a line in the log, and the one before stays.</summary>
/// <remarks>The bytes are compared, at most once a second and when somebody connects, for neither time stamps nor notifications of the
/// system see every change of a file that is linked or mounted, as renewed certificates often are. Thread-safe.</remarks>
internal sealed partial class CertificateFile
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly IConfigurationSection _section;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private SslStreamCertificateContext _current;
    private Source _seen;
    private long _lookedAt = TimeProvider.System.GetTimestamp();

    /// <summary>Reads it.</summary>
    /// <param name="section">With Path, and KeyPath and Password where they are needed; paths that are relative are so to the working
    /// directory, as in every other setting.</param>
    /// <param name="logger">Told of what was read again and what was refused.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">It holds no certificate with its key.</exception>
    public CertificateFile(IConfigurationSection section, ILogger logger)
    {
        _section = section;
        _logger = logger;
        _seen = Read();
        _current = Load(_seen);
        ReadFirst(
            _logger, _section.Path, FullPath, _current.TargetCertificate.Thumbprint, _current.TargetCertificate.NotAfter.ToUniversalTime());
    }

    /// <summary>The certificate and the chain that goes with it, as the files have them now.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            // Who finds another at it takes what is there: one new connection in a second looks, and none waits.
            if (TimeProvider.System.GetElapsedTime(Volatile.Read(ref _lookedAt)) >= LookInterval && _gate.TryEnter())
            {
                try
                {
                    Look();
                    Volatile.Write(ref _lookedAt, TimeProvider.System.GetTimestamp());
                }
                finally
                {
                    _gate.Exit();
                }
            }

            return Volatile.Read(ref _current);
        }
    }

    private string FullPath => Path.GetFullPath(_section["Path"] ?? "");

    private void Look()
    {
        var seen = default(Source);
        var mistake = "";
        try
        {
            seen = Read();
            if (seen.IsSame(_seen))
            {
                return;
            }

            // Connections that were made with the one before still use it: the collector takes it when they have ended.
            Volatile.Write(ref _current, Load(seen));
            _seen = seen;
            ReadAgain(
                _logger, _section.Path, FullPath, _current.TargetCertificate.Thumbprint,
                _current.TargetCertificate.NotAfter.ToUniversalTime());
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            mistake = e.Message.ReplaceLineEndings(" ");
        }

        // Files that are not there are said once as well, and looked for again all the same.
        if (!seen.IsSame(_seen))
        {
            Refused(_logger, _section.Path, mistake);
        }

        _seen = seen;
    }

    private Source Read()
    {
        var (path, keyPath) = (_section["Path"], _section["KeyPath"]);
        return new Source(
            File.ReadAllBytes(path ?? ""),
            string.IsNullOrEmpty(keyPath) ? null : File.ReadAllBytes(keyPath),
            _section["Password"]);
    }

    private static SslStreamCertificateContext Load(Source source)
    {
        X509Certificate2 certificate;
        X509Certificate2Collection chain = [];
        if (source.Key is not null || source.Certificate.AsSpan().StartsWith("-----BEGIN"u8))
        {
            var text = Encoding.UTF8.GetString(source.Certificate);
            var key = source.Key is null ? text : Encoding.UTF8.GetString(source.Key);
            try
            {
                certificate = string.IsNullOrEmpty(source.Password)
                    ? X509Certificate2.CreateFromPem(text, key)
                    : X509Certificate2.CreateFromEncryptedPem(text, key, source.Password);
            }
            catch (ArgumentException e)
            {
                throw new CryptographicException("The key is not that of the certificate.", e);
            }

            chain.ImportFromPem(text);
        }
        else
        {
            chain = X509CertificateLoader.LoadPkcs12Collection(source.Certificate, source.Password);
            certificate = chain.FirstOrDefault(candidate => candidate.HasPrivateKey)
                ?? throw new CryptographicException("It holds no certificate with its key.");
        }

        if (OperatingSystem.IsWindows())
        {
            // Its TLS takes no key that is in memory alone.
            certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
        }

        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }

    [LoggerMessage(32, LogLevel.Information, "{Setting} read from {Path}: certificate {Thumbprint}, which holds until {Until:u}")]
    private static partial void ReadFirst(ILogger logger, string setting, string path, string thumbprint, DateTime until);

    [LoggerMessage(
        30, LogLevel.Information,
        "{Setting} read again from {Path}: new connections get certificate {Thumbprint}, which holds until {Until:u}")]
    private static partial void ReadAgain(ILogger logger, string setting, string path, string thumbprint, DateTime until);

    [LoggerMessage(31, LogLevel.Error, "{Setting} has changed and is refused, the certificate before stays in force: {Mistake}")]
    private static partial void Refused(ILogger logger, string setting, string mistake);

    /// <summary>What a certificate is made of; all null when it cannot be read.</summary>
    private readonly record struct Source(byte[] Certificate, byte[]? Key, string? Password)
    {
        public bool IsSame(Source other) =>
            (Certificate is null) == (other.Certificate is null) && Certificate.AsSpan().SequenceEqual(other.Certificate)
            && Key.AsSpan().SequenceEqual(other.Key) && Password == other.Password;
    }
}
