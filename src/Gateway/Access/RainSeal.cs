using System.Text;
using Gateway.Configuration;
using MurkyWaters;

namespace Gateway.Access;

/// <summary>
/// Which secret seals the rain. Keys would be worth little beside a rain that anybody may ask: where they are set and no secret is,
/// the node has one of its own, so that it hears itself and nobody else. Format 1 cannot be sealed, so where that is allowed,
/// nothing is.
/// </summary>
internal static class RainSeal
{
    /// <summary>Whether the rain is sealed with a secret of the node's own.</summary>
    public static bool IsOwn(GatewaySettings settings) =>
        settings.Rain is { Secret.Length: 0, ClassicAllow.Count: 0 } && settings.Gateway.KeyDigests.Count > 0;

    /// <summary>Whether the rain is sealed.</summary>
    public static bool IsSealed(GatewaySettings settings) => settings.Rain.Secret.Length > 0 || IsOwn(settings);

    /// <summary>The secret, one of the node's own being drawn where there is none yet; empty when nothing is sealed.</summary>
    /// <exception cref="InvalidDataException">The node's own is not fit for use; the message says what to do.</exception>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read or written.</exception>
    public static byte[] FindOrDraw(GatewaySettings settings) =>
        Encoding.UTF8.GetBytes(IsOwn(settings) ? NodeSecret.FindOrDraw(settings.Store.Path) : settings.Rain.Secret);

    /// <summary>The secret; empty when nothing is sealed, or the node's own has not been drawn yet.</summary>
    /// <inheritdoc cref="FindOrDraw"/>
    public static byte[] Find(GatewaySettings settings) =>
        Encoding.UTF8.GetBytes(IsOwn(settings) ? NodeSecret.Find(settings.Store.Path) ?? "" : settings.Rain.Secret);

    /// <summary>The secrets that are accepted beside it.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Accepted(GatewaySettings settings) =>
        [.. settings.Rain.SecretsAccepted.Select(secret => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(secret))];
}
