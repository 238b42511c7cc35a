using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Hosting;

/// <summary>Tells in one line why a start failed that the check of the settings let through.</summary>
internal static class StartFailure
{
    /// <summary>The line; null when it is no mistake of whoever set the gateway up but a defect, which deserves its stack trace.</summary>
    public static string? Describe(Exception failure) => failure switch
    {
        IOException { InnerException: AddressInUseException } => $"Urls: {failure.Message.TrimEnd('.')}; a free port is wanted.",
        SocketException socket => $"Rain:Listen: an endpoint cannot be opened: {socket.Message}.",
        IOException or UnauthorizedAccessException => $"Store:Path: {failure.Message}",
        InvalidOperationException when failure.Message.Contains("HTTPS", StringComparison.Ordinal) => $"Kestrel: {failure.Message.ReplaceLineEndings(" ")}",
        System.Security.Cryptography.CryptographicException => $"Kestrel: the certificate cannot be used: {failure.Message}",
        _ => null,
    };
}
