using System.Text;
using MurkyWaters.Cluster;
using MurkyWaters.Engines.Etcd;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Tests;

public sealed class NodeDocumentTests
{
    private static readonly RegisteredNode Node = new()
    {
        Id = new NodeId(7),
        Zone = "Süd \"2\"",
        Host = "host",
        Weight = 0.1,
        Rain = ["[fd00::1]:1980", "rain.example.org:1"],
        Url = "https://rain.example.org/",
        ProtocolVersion = 3,
        IsDraining = true,
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_written_is_read(bool isGone)
    {
        Assert.True(NodeDocument.TryRead(NodeDocument.Write(Node, isGone), out var read, out var wasGone));
        Assert.Equal((Node, isGone), (read, wasGone));
    }

    [Fact]
    public void What_a_later_version_adds_is_passed_over()
    {
        var text = Encoding.UTF8.GetString(NodeDocument.Write(Node)).Replace("{", "{\"new\":{\"deep\":[1,2]},", StringComparison.Ordinal);
        Assert.True(NodeDocument.TryRead(Encoding.UTF8.GetBytes(text), out var read, out _));
        Assert.Equal(Node, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"id\":\"00000000000000000000000000000000\",\"weight\":1}")]
    [InlineData("{\"id\":\"00000000000000000000000000000007\"}")]
    [InlineData("{\"id\":\"00000000000000000000000000000007\",\"weight\":-1}")]
    [InlineData("{\"id\":\"00000000000000000000000000000007\",\"weight\":1e400}")]
    [InlineData("{\"id\":\"00000000000000000000000000000007\",\"weight\":\"1\"}")]
    [InlineData("{\"id\":\"00000000000000000000000000000007\",\"weight\":1,\"rain\":[5]}")]
    [InlineData("{\"id\":\"00000000000000000000000000000007\",\"weight\":1,\"rain\":[\"10.0.0.1:0\"]}")]
    [InlineData("{\"id\":\"00000000000000000000000000000007\",\"weight\":1,\"url\":\"javascript:alert(1)\"}")]
    [InlineData("{\"id\":\"00000000000000000000000000000007\",\"weight\":1,\"zone\":\"a\\u0000b\"}")]
    [InlineData("{\"id\":\"00000000000000000000000000000007\",\"weight\":1,\"zone\":\"\\ud800\"}")]
    [InlineData("{\"id\":\"00000000000000000000000000000007\",\"weight\":1,\"protocol\":-1}")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[")]
    public void What_is_no_node_is_refused(string text) => Assert.False(NodeDocument.TryRead(Encoding.UTF8.GetBytes(text), out _, out _));

    /// <summary>Bytes changed at random never throw, and what is read of them can be written and read again.</summary>
    [Fact]
    public void Any_bytes_at_all_may_come()
    {
        var random = new Random(1);
        var whole = NodeDocument.Write(Node);
        var read = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = whole.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            _ = JobDocument.TryRead(bytes);
            var length = random.Next(5) == 0 ? random.Next(bytes.Length) : bytes.Length;
            if (NodeDocument.TryRead(bytes.AsMemory(0, length), out var node, out _))
            {
                read++;
                Assert.True(NodeDocument.TryRead(NodeDocument.Write(node), out var again, out _));
                Assert.Equal(node, again);
            }
        }

        Assert.InRange(read, 1, 19_999);
    }
}
