using System.Collections.Concurrent;
using System.Security.Cryptography;
using Gateway.Configuration;
using PouringRain.Protocol;

namespace Gateway.Coding;

/// <summary>What came of looking at who asks.</summary>
internal enum NodeFinding
{
    /// <summary>A node with the cluster's secret, and it asks this one, for the first time.</summary>
    Node,

    /// <summary>The cluster has no secret.</summary>
    NoSecret,

    /// <summary>It shows no proof.</summary>
    NoProof,

    /// <summary>The proof is wrong: another secret, or another request.</summary>
    Wrong,

    /// <summary>It asks another node.</summary>
    Misled,

    /// <summary>It is too old, or its clock is another.</summary>
    Stale,

    /// <summary>It came before.</summary>
    Repeated,

    /// <summary>More came in a minute than are remembered.</summary>
    TooMany,
}

/// <summary>The keys by which nodes know each other over HTTP, made of the secret of the rain: who has that is a node. A request is taken
/// once, and no later than a minute after it was made. Thread-safe.</summary>
/// <param name="secrets">The secret, and those that are accepted beside it; none where the rain is not sealed.</param>
internal sealed class NodeKeys(IEnumerable<ReadOnlyMemory<byte>> secrets)
{
    private const int KeyBytes = 32, NoncesMax = 100_000;
    private const long LifeMs = 60_000;

    private readonly byte[][] _keys = [.. secrets.Where(secret => !secret.IsEmpty).Select(secret => Derive(secret.Span, "node http"u8))];
    private readonly ConcurrentDictionary<string, long> _nonces = new(StringComparer.Ordinal);
    private readonly Lock _sweeping = new();
    private long _sweptMs;

    /// <summary>Whether there is a secret.</summary>
    public bool Any => _keys.Length > 0;

    /// <summary>The keys of a gateway.</summary>
    public static NodeKeys Of(GatewaySettings settings) =>
        new([System.Text.Encoding.UTF8.GetBytes(settings.Rain.Secret), .. Access.RainSeal.Accepted(settings)]);

    /// <summary>Makes the value of the field for a request, and the keys of what goes to and fro with it.</summary>
    public (string Field, BodyKeys Keys) Prove(NodeClaim claim, string method, string target)
    {
        var proof = claim.Prove(_keys[0], method, target);
        return (claim.Write(proof), BodyKeys.Of(_keys[0], proof));
    }

    /// <summary>Looks at the value of a request's field.</summary>
    /// <param name="field">The field.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="target">Its path and query.</param>
    /// <param name="self">This node.</param>
    /// <param name="nowMs">The time by the cluster's clock.</param>
    /// <param name="claim">What the asker says, when it is a node.</param>
    /// <param name="bodies">The keys of what goes to and fro, when it is.</param>
    public NodeFinding Check(
        string field, string method, string target, NodeId self, long nowMs, out NodeClaim? claim, out BodyKeys? bodies)
    {
        (claim, bodies) = (null, null);
        if (_keys.Length == 0)
        {
            return NodeFinding.NoSecret;
        }

        if (NodeClaim.Read(field) is not var (said, proof))
        {
            return NodeFinding.NoProof;
        }

        var key = Array.Find(_keys, key => CryptographicOperations.FixedTimeEquals(proof, said.Prove(key, method, target)));
        if (key is null)
        {
            return NodeFinding.Wrong;
        }

        if (said.To != self)
        {
            return NodeFinding.Misled;
        }

        if (Math.Abs(nowMs - said.AtMs) > LifeMs)
        {
            return NodeFinding.Stale;
        }

        Sweep(nowMs);
        if (_nonces.Count >= NoncesMax)
        {
            return NodeFinding.TooMany;
        }

        // It could come again as long as its time is accepted.
        if (!_nonces.TryAdd(said.Nonce, said.AtMs + LifeMs))
        {
            return NodeFinding.Repeated;
        }

        (claim, bodies) = (said, BodyKeys.Of(key, proof));
        return NodeFinding.Node;
    }

    /// <summary>A key of a purpose.</summary>
    internal static byte[] Derive(ReadOnlySpan<byte> key, ReadOnlySpan<byte> purpose)
    {
        var derived = new byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, "Pouring Rain"u8, purpose);
        return derived;
    }

    private void Sweep(long nowMs)
    {
        lock (_sweeping)
        {
            if (nowMs - _sweptMs is >= 0 and < 1000)
            {
                return;
            }

            _sweptMs = nowMs;
        }

        foreach (var (nonce, endMs) in _nonces)
        {
            if (endMs < nowMs)
            {
                _nonces.TryRemove(nonce, out _);
            }
        }
    }
}

/// <summary>The keys of the bodies of one request and its answer. A proof is never made twice, so neither is a key.</summary>
/// <param name="Up">Of the request's body.</param>
/// <param name="Down">Of the answer's.</param>
internal sealed record BodyKeys(byte[] Up, byte[] Down)
{
    public static BodyKeys Of(byte[] key, byte[] proof) =>
        new(NodeKeys.Derive(key, [.. "up "u8, .. proof]), NodeKeys.Derive(key, [.. "down "u8, .. proof]));
}
