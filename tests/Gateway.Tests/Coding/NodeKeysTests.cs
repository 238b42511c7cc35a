using System.Text;
using Gateway.Coding;
using PouringRain.Protocol;

namespace Gateway.Tests.Coding;

public sealed class NodeKeysTests
{
    private const long NowMs = 1_700_000_000_000;
    private static readonly NodeId Asker = new(1), Asked = new(2);

    private static NodeKeys Keys(params string[] secrets) =>
        new(secrets.Select(secret => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(secret)));

    private static NodeFinding Check(
        NodeKeys keys, string field, string method = "POST", string target = "/coding?work=a", NodeId? self = null, long nowMs = NowMs) =>
        keys.Check(field, method, target, self ?? Asked, nowMs, out _, out _);

    private static string Field(NodeKeys keys, long atMs = NowMs) =>
        keys.Prove(NodeClaim.Create(Asker, Asked, atMs, "body"u8), "POST", "/coding?work=a").Field;

    [Fact]
    public void A_request_of_a_node_is_taken_once()
    {
        var keys = Keys("the cluster's secret");
        var (field, there) = Keys("the cluster's secret").Prove(NodeClaim.Create(Asker, Asked, NowMs, "body"u8), "POST", "/coding?work=a");

        Assert.Equal(NodeFinding.Node, keys.Check(field, "POST", "/coding?work=a", Asked, NowMs + 59_000, out var claim, out var here));

        Assert.Equal(Asker, claim!.From);
        Assert.Equal(there.Up, here!.Up);
        Assert.Equal(there.Down, here.Down);
        Assert.NotEqual(here.Up, here.Down);
        Assert.Equal(NodeFinding.Repeated, Check(keys, field));
        Assert.Equal(NodeFinding.Node, Check(keys, Field(keys)));
    }

    [Fact]
    public void What_was_changed_or_is_for_others_is_not()
    {
        var keys = Keys("the cluster's secret");
        var field = Field(keys);
        Assert.Equal(NodeFinding.Wrong, Check(keys, field, method: "PUT"));
        Assert.Equal(NodeFinding.Wrong, Check(keys, field, target: "/coding?work=b"));
        Assert.Equal(NodeFinding.Misled, Check(keys, field, self: Asker));
        Assert.Equal(NodeFinding.Stale, Check(keys, field, nowMs: NowMs + 60_001));
        Assert.Equal(NodeFinding.Stale, Check(keys, field, nowMs: NowMs - 60_001));
        Assert.Equal(NodeFinding.Wrong, Check(Keys("another secret"), field));
        Assert.Equal(NodeFinding.NoSecret, Check(Keys(), field));
        Assert.Equal(NodeFinding.NoProof, Check(keys, ""));
        Assert.Equal(NodeFinding.NoProof, Check(keys, "Bearer the cluster's secret"));
        Assert.Equal(NodeFinding.NoProof, Check(keys, field + "0"));
        for (var i = NodeClaim.Scheme.Length; i < field.Length; i++)
        {
            var other = field.ToCharArray();
            other[i] = other[i] == '7' ? '8' : '7';
            Assert.NotEqual(NodeFinding.Node, Check(keys, new string(other)));
        }

        // None of that has used it up.
        Assert.Equal(NodeFinding.Node, Check(keys, field));
    }

    [Fact]
    public void A_secret_is_changed_in_rounds()
    {
        var (old, both, fresh) = (Keys("old secret"), Keys("old secret", "new secret"), Keys("new secret", "old secret"));
        Assert.Equal(NodeFinding.Node, Check(both, Field(old)));
        Assert.Equal(NodeFinding.Node, Check(both, Field(fresh)));
        Assert.Equal(NodeFinding.Node, Check(fresh, Field(both)));
        Assert.Equal(NodeFinding.Wrong, Check(old, Field(fresh)));
    }

    [Fact]
    public void Proofs_are_remembered_for_as_long_as_they_are_good()
    {
        var keys = Keys("the cluster's secret");
        var early = Field(keys);
        Assert.Equal(NodeFinding.Node, Check(keys, early));
        for (var second = 1; second <= 60; second++)
        {
            Assert.Equal(NodeFinding.Node, Check(keys, Field(keys, NowMs + (1000 * second)), nowMs: NowMs + (1000 * second)));
            Assert.Equal(NodeFinding.Repeated, Check(keys, early, nowMs: NowMs + (1000 * second)));
        }

        Assert.Equal(NodeFinding.Stale, Check(keys, early, nowMs: NowMs + 61_000));
    }
}
