using Gateway.Deploying;

namespace Gateway.Tests.Deploying;

public class ProgressOutputTests
{
    [Fact]
    public void A_line_says_how_far_how_fast_how_many_and_how_long() => Assert.Equal(
        "raining 25.0 % of 8.59 GB, 98.2 Mbit/s, loss 1.02 %, receivers 3 of 8 (1 failed), 6 min 12 s left",
        ProgressOutput.Line(new Progress
        {
            Phase = "raining",
            DoneBytes = 2_147_483_648,
            TotalBytes = 8_589_934_592,
            RateBytesPerSecond = 12_275_000,
            Loss = 0.0102,
            Receivers = (8, 3, 1),
            Left = TimeSpan.FromSeconds(372),
        }));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1.00 kB")]
    [InlineData(35_800_000, "35.8 MB")]
    [InlineData(123_456_789_000, "123 GB")]
    public void Sizes_have_three_digits(long bytes, string text) => Assert.Equal(text, ProgressOutput.Size(bytes));

    [Fact]
    public void Json_is_a_line_and_the_end_has_the_exit_code()
    {
        var errors = new StringWriter { NewLine = "\n" };
        var output = new ProgressOutput(errors, isJson: true, isTerminal: false);
        output.Tell(new Progress { Phase = "receiving", DoneBytes = 7, TotalBytes = 70, Loss = 0.5 });
        Assert.Equal(3, output.End(3, "two\nlines"));
        Assert.Equal(
            """
            {"phase":"receiving","doneBytes":7,"totalBytes":70,"loss":0.5}
            {"message":"two lines","exitCode":3}

            """.ReplaceLineEndings("\n"), errors.ToString());
    }

    [Fact]
    public void Where_it_is_no_terminal_a_phase_is_told_once_in_a_while()
    {
        var errors = new StringWriter { NewLine = "\n" };
        var output = new ProgressOutput(errors, isJson: false, isTerminal: false);
        for (var i = 0; i < 10; i++)
        {
            output.Tell(new Progress { Phase = "receiving", DoneBytes = i, TotalBytes = 10 });
        }

        output.Tell(new Progress { Phase = "reading back", DoneBytes = 0, TotalBytes = 10 });
        Assert.Equal("receiving 0.0 % of 10 B\nreading back 0.0 % of 10 B\n", errors.ToString());
    }
}
