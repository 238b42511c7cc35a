using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Hosting;

/// <summary>Tells in one line why a start failed that the check of the settings let through.</summary>
internal static class StartFailure
{
    /// <summary>The line; null when it is no mistake of whoever set the gateway up but a defect, which deserves its stack trace.</summary>
    public static string? Describe(Exception failure) => failure switch
    {
        StartRefusedException => failure.Message,
        IOException { InnerException: AddressInUseException } => $"Urls: {failure.Message.TrimEnd('.')}; a free port is wanted.",

        // The node's own have their own kind, so what is left of files is the server's: certificates.
        IOException or UnauthorizedAccessException or FormatException => $"Kestrel: {failure.Message}",
        CryptographicException => $"Kestrel: a certificate or its key cannot be read: {failure.Message}",
        InvalidDataException => $"Rain:Servers: {failure.Message}",
        SocketException => $"Urls: an address cannot be listened at: {failure.Message}.",
        InvalidOperationException when failure.Message.Contains("HTTPS", StringComparison.Ordinal) => $"Kestrel: {failure.Message}",
        _ => null,
    };
}

/// <summary>The node cannot start as it is set up; the message is the line for the user.</summary>
internal sealed class StartRefusedException : Exception
{
    public StartRefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
