using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Sharing;

public sealed class ShareLinksTests : IDisposable
{
    private static readonly NodeId Node = new(7);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly TemporaryFolder _folder = new();
    private readonly SetClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_link_is_read_with_its_token_until_it_ends_whatever_restarts()
    {
        var links = Open();
        var (link, token) = Make(links, "a/b", isOnce: false);
        Assert.Equal((new ResourceId(5), "a/b", Hour), (link.Resource, link.Path, link.Expires - link.Created));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(new ShareLook(ShareOutcome.Open, link), links.Look(token, isDownload: true, user: 1));
            links = Open();
            Assert.Equal([link], links.All);
        }

        _clock.Advance(Hour - TimeSpan.FromMilliseconds(1));
        Assert.Equal(ShareOutcome.Open, links.Look(token, isDownload: true, user: 2).Outcome);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(new ShareLook(ShareOutcome.Expired, link), links.Look(token, isDownload: true, user: 1));
        Assert.Empty(links.All);

        // It is told for some days that it was one, and then forgotten with the next that is made.
        _clock.Advance(TimeSpan.FromDays(8));
        Assert.Equal(ShareOutcome.Expired, Open().Look(token, isDownload: true, user: 1).Outcome);
        Make(links, null, isOnce: false);
        Assert.Equal(ShareOutcome.Unknown, links.Look(token, isDownload: true, user: 1).Outcome);
        Assert.Single(Directory.GetFiles(_folder["links"]));
    }

    [Fact]
    public void One_for_a_download_is_spent_with_its_first_byte_and_whoever_began_may_go_on_for_an_hour()
    {
        var links = Open();
        var (link, token) = Make(links, null, isOnce: true, life: 5 * Hour);
        Assert.Null(links.Look(token, isDownload: false, user: 1).Link!.Used);
        Assert.Equal(ShareOutcome.Open, links.Look(token, isDownload: true, user: 2).Outcome);
        var began = link.Created;
        _clock.Advance(Hour - TimeSpan.FromSeconds(1));
        foreach (var now in (ShareLinks[])[links, Open()])
        {
            Assert.Equal((ShareOutcome.Open, began), (now.Look(token, isDownload: true, user: 2).Outcome, now.All[0].Used));
            Assert.Equal(ShareOutcome.Spent, now.Look(token, isDownload: true, user: 1).Outcome);
            Assert.Equal(ShareOutcome.Spent, now.Look(token, isDownload: false, user: 1).Outcome);
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ShareOutcome.Spent, links.Look(token, isDownload: true, user: 2).Outcome);
        Assert.Empty(links.All);
    }

    [Fact]
    public void What_is_revoked_is_nobodys()
    {
        var links = Open();
        var (link, token) = Make(links, null, isOnce: false);
        var (other, otherToken) = Make(links, null, isOnce: false);
        Assert.Equal(link, links.Revoke(link.Id));
        Assert.Null(links.Revoke(link.Id));
        foreach (var now in (ShareLinks[])[links, Open()])
        {
            Assert.Equal(ShareOutcome.Unknown, now.Look(token, isDownload: true, user: 1).Outcome);
            Assert.Equal(new ShareLook(ShareOutcome.Open, other), now.Look(otherToken, isDownload: true, user: 1));
        }
    }

    [Fact]
    public void No_other_token_is_worth_anything_and_another_nodes_says_whose_it_is()
    {
        var links = Open();
        var (_, token) = Make(links, null, isOnce: false);
        foreach (var text in (string[])[
            "", "x", token[..^1], token + "A", token.Replace(token[30], '*'), new string('A', 56), new string('_', 56)])
        {
            Assert.Equal(ShareOutcome.Unknown, links.Look(text, isDownload: true, user: 1).Outcome);
        }

        for (var i = 0; i < token.Length; i++)
        {
            var changed = token[..i] + (token[i] == 'B' ? 'C' : 'B') + token[(i + 1)..];
            Assert.True(links.Look(changed, isDownload: true, user: 1) is { Outcome: ShareOutcome.Unknown or ShareOutcome.Elsewhere });
        }

        Assert.Equal(new ShareLook(ShareOutcome.Elsewhere, Node: Node), Open(new NodeId(8)).Look(token, isDownload: true, user: 1));
    }

    [Fact]
    public void The_file_has_not_the_token_and_what_is_no_link_is_set_aside()
    {
        var links = Open();
        var (link, token) = Make(links, "a", isOnce: true);
        links.Look(token, isDownload: true, user: Bits128.MaxValue);
        var path = Path.Combine(_folder["links"], link.Id);
        Assert.DoesNotContain(token[^20..], File.ReadAllText(path, Encoding.UTF8), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder["links"], "0123456789abcdef"), File.ReadAllText(path));
        File.WriteAllText(Path.Combine(_folder["links"], "strange"), "{}");
        Assert.Equal(link.Id, Assert.Single(Open().All).Id);
        Assert.Equal(2, Directory.GetFiles(_folder["quarantine"]).Length);
    }

    private static (ShareLink Link, string Token) Make(ShareLinks links, string? path, bool isOnce, TimeSpan? life = null)
    {
        var made = links.TryMake(new ResourceId(5), path, life ?? Hour, isOnce);
        Assert.NotNull(made);
        return made.Value;
    }

    private ShareLinks Open(NodeId? node = null)
    {
        var files = new StoreFiles(_folder.FullPath, beforeStep: null, TimeProvider.System, NullLogger.Instance);
        files.CreateFolders();
        return new ShareLinks(files, node ?? Node, _clock, NullLogger.Instance);
    }
}
