using System.ComponentModel.DataAnnotations;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Resources;

/// <summary>What a list may be asked with, as <see cref="ListRequest"/> reads it.</summary>
internal delegate void ListParameters(
    [FromQuery(Name = "after")]
    [Meaning("Where the page begins: the last page's next, as it is. In the order of ids it is the id after which the page begins.", "42")]
    string? after,
    [FromQuery(Name = "limit"), Range(1, ListRequest.PageItemsMax)]
    [Meaning("Items of a page at most, from 1 to 1000; 100 by default.", 100)]
    int? limit,
    [FromQuery(Name = "sort"),
        Meaning(
            "What they are listed by: id (the default), name, length, modified or type.", "name",
            Pattern = "^(id|name|length|modified|type)$")]
    string? sort,
    [FromQuery(Name = "order"), Meaning("asc (the default), or desc for the greatest first.", "desc", Pattern = "^(asc|desc)$")]
    string? order,
    [FromQuery(Name = "search")]
    [Meaning(
        "Words, each of which the file name, the path, the media type or the id has somewhere, without regard to case. Those that have all "
            + "of them in name and path come first.", "holiday mp4")]
    string? search);
