using System.Text;
using MurkyWaters.Servers;

namespace MurkyWaters.Tests.Servers;

public class ServersFileTests
{
    [Fact]
    public void TheFileOf2012IsRead()
    {
        var servers = ServersFile.Parse(Encoding.UTF8.GetBytes(
            """
            [{"host": "localhost", "port": 1980}, {"host": "::1", "port": 1981},
             {"host": "old.example", "port": 65535, "classic": true}]
            """));

        Assert.Equal([new("localhost", 1980), new("::1", 1981), new("old.example", 65535, true)], servers);
        Assert.Equal("[::1]:1981", servers[1].ToString());
        Assert.Empty(ServersFile.Parse("[]"u8.ToArray()));
    }

    [Fact]
    public void AByteOrderMarkIsNoMistake() =>
        Assert.Equal([new("a", 1)], ServersFile.Parse(Encoding.UTF8.GetBytes("\uFEFF[{\"host\": \"a\", \"port\": 1}]")));

    [Fact]
    public void AServerInTwoSpellingsIsOne()
    {
        var servers = ServersFile.Parse(Encoding.UTF8.GetBytes(
            """
            [{"host": "[::1]", "port": 1}, {"host": "0:0:0:0:0:0:0:1", "port": 1}, {"host": "::ffff:10.0.0.1", "port": 2},
             {"host": "10.0.0.1", "port": 2},
             {"host": "Rain.Example.", "port": 3, "classic": true}, {"host": "rain.example", "port": 3}]
            """));

        Assert.Equal([new("::1", 1), new("10.0.0.1", 2), new("rain.example", 3, true)], servers);
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("{}", "array")]
    [InlineData("[1]", "entry 1 is no object")]
    [InlineData("""[{"host": "a", "port": 1}, {"host": "a"}]""", "entry 2")]
    [InlineData("""[{"port": 1}]""", "entry 1")]
    [InlineData("""[{"host": "a", "port": 0}]""", "entry 1")]
    [InlineData("""[{"host": "a", "port": 65536}]""", "entry 1")]
    [InlineData("""[{"host": "a", "port": "1"}]""", "\"port\"")]
    [InlineData("""[{"host": "a", "prot": 1}]""", "\"prot\"")]
    [InlineData("""[{"host": "a b", "port": 1}]""", "entry 1")]
    [InlineData("""[{"host": "", "port": 1}]""", "entry 1")]
    [InlineData("""[{"host": ".", "port": 1}]""", "entry 1")]
    [InlineData("""[{"host": "a", "port": -1}]""", "entry 1")]
    [InlineData("""[{"host": "[::1", "port": 1}]""", "entry 1")]
    [InlineData("""[{"host": "[a]", "port": 1}]""", "entry 1")]
    [InlineData("""[{"host": "[::1]:5", "port": 1}]""", "entry 1")]
    [InlineData("""[{"host": "a:5", "port": 1}]""", "entry 1")]
    [InlineData("""[{"host": "a", "port": 1, "classic": 1}]""", "\"classic\"")]
    [InlineData("""[{"host": "a", "port": 1}""", "line 1")]
    public void AMistakeIsNamed(string json, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => ServersFile.Parse(Encoding.UTF8.GetBytes(json)));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
