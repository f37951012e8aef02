// The page on which one reports. Written for the browsers of phones of ten years ago: no syntax of after 2009.
//
// What was typed is kept in the phone until the server has answered, under an id that was made once. So it may be sent as
// often as a bad network needs: the server takes it once and answers the same receipt each time. Once it is answered, nothing
// of it stays: the phone may be somebody else's. The receipt stays as long as the page is open.
(function () {
  'use strict';
  var AFTER_SECONDS = [3, 5, 10, 20, 40, 60];
  var TIMEOUT_MILLISECONDS = 30000;
  var village = document.body.getAttribute('data-village');
  var documents = JSON.parse(document.body.getAttribute('data-documents'));
  var KEPT = 'ruhu-report-' + village, RECEIPT = 'ruhu-receipt-' + village;
  var form = byId('form'), ask = byId('ask');
  var pending = null, tries = 0, timer = null, sending = false;

  var STATES = {
    RECEIVED: '已接收，会有人来核实。',
    BEING_VERIFIED: '正在核实。',
    VERIFIED: '已核实，情况属实，正在安排帮扶。',
    NOT_CONFIRMED: '工作人员已入户核实，情况不属实。',
    CLOSED: '已办结。'
  };
  var REASONS = {
    DUPLICATE: '同样的情况已经有人报过。',
    WITHDRAWN: '报告人已撤回。',
    UNKNOWN_HERE: '本村查无此户，请核对姓名和村名后重新报告。',
    NOT_CONFIRMED_AT_DOOR: '',
    NOTHING_TO_VERIFY: '该户已经注销。'
  };
  var ROUTES = { TOWNSHIP: '有不同意见，可以向乡镇反映。', COUNTY: '超过期限还没有核实，可以向县里反映。' };

  function byId(id) { return document.getElementById(id); }

  function show(id) {
    ['form', 'waiting', 'receipt'].forEach(function (part) { byId(part).hidden = part !== id; });
    ask.hidden = id === 'waiting';
  }

  function note(text) {
    byId('note').textContent = text;
    byId('note').hidden = !text;
  }

  // Some browsers forbid storage, or have none left: then the page itself must stay open.
  function keep(storage, key, value) {
    try {
      if (value === null) { window[storage].removeItem(key); } else { window[storage].setItem(key, value); }
    } catch (refused) { /* nothing is lost as long as the page is open */ }
  }

  function kept(storage, key) {
    try { return window[storage].getItem(key); } catch (refused) { return null; }
  }

  function newId() {
    var bytes = new Uint8Array(16), id = '', i;
    window.crypto.getRandomValues(bytes);
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    for (i = 0; i < 16; i += 1) {
      id += (i === 4 || i === 6 || i === 8 || i === 10 ? '-' : '') + (256 + bytes[i]).toString(16).slice(1);
    }
    return id;
  }

  // Calls answered(data), or failed(reason): nobody answered, or not with what was asked for.
  function post(name, variables, answered, failed) {
    var request = new XMLHttpRequest();
    request.open('POST', '/graphql');
    request.timeout = TIMEOUT_MILLISECONDS;
    request.setRequestHeader('Content-Type', 'application/json');
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Accept-Language', 'zh-CN');
    request.onload = function () {
      var answer = null;
      try { answer = JSON.parse(request.responseText); } catch (broken) { /* a proxy's page */ }
      var data = answer && answer.data;
      if (request.status === 200 && data && !answer.errors) { answered(data); return; }
      var first = answer && answer.errors && answer.errors[0];
      failed(first && first.extensions ? first.extensions.code : 'NO_ANSWER');
    };
    request.onerror = request.ontimeout = function () { failed('NO_NETWORK'); };
    request.send(JSON.stringify({ documentId: documents[name], variables: variables }));
  }

  function put(name) {
    var value = form.elements[name].value.replace(/^\s+|\s+$/g, '');
    return value === '' ? null : value;
  }

  function typed() {
    return {
      id: newId(),
      villageCode: village,
      name: put('name') || '',
      forSomebodyElse: form.elements.who[1].checked,
      kind: put('kind') || '',
      text: put('text') || '',
      phone: put('phone'),
      idNumber: put('idNumber')
    };
  }

  function wrong(problems) {
    var list = byId('wrong'), i, line, field;
    list.textContent = '';
    for (i = 0; i < form.elements.length; i += 1) { form.elements[i].className = ''; }
    form.querySelector('button').className = '';
    for (i = 0; i < problems.length; i += 1) {
      line = document.createElement('li');
      line.textContent = problems[i].message;
      list.appendChild(line);
      field = form.elements[problems[i].field];
      if (field && field.tagName) { field.className = 'faulty'; }
    }
    list.hidden = problems.length === 0;
  }

  function missing(report) {
    var problems = [];
    if (!report.name) { problems.push({ field: 'name', message: '请写名字' }); }
    if (!report.kind) { problems.push({ field: 'kind', message: '请选是什么困难' }); }
    if (!report.text) { problems.push({ field: 'text', message: '请说说情况' }); }
    return problems;
  }

  function later(why, seconds) {
    byId('why').textContent = why;
    show('waiting');
    byId('again').disabled = false;
    clearTimeout(timer);
    timer = setTimeout(send, 1000 * (seconds || AFTER_SECONDS[Math.min(tries, AFTER_SECONDS.length - 1)]));
    tries += 1;
  }

  function send() {
    if (sending || !pending) { return; }
    clearTimeout(timer);
    sending = true;
    byId('again').disabled = true;
    form.querySelector('button').disabled = true;
    post('report', { input: pending }, function (data) {
      done();
      taken(data.reportHardship);
    }, function (code) {
      done();
      // The server is of another version than this page: the new page sends what is kept.
      if (code === 'DOCUMENT_UNKNOWN' && tries === 0) { tries = 1; location.reload(); return; }
      later(code === 'NO_NETWORK' ? '没有信号，或者网络太慢。' : '系统正忙。');
    });
  }

  function done() {
    sending = false;
    form.querySelector('button').disabled = false;
  }

  function taken(payload) {
    if (!payload) { later('系统正忙。'); return; }
    var errors = payload.errors, first = errors[0];
    if (first && (first.isRetryable || first.retryAfterSeconds)) {
      later(first.message, first.retryAfterSeconds);
      return;
    }
    if (!first) {
      pending = null;
      keep('localStorage', KEPT, null);
      keep('sessionStorage', RECEIPT, JSON.stringify(payload));
      form.reset();
      receipt(payload);
      return;
    }
    fill(pending);
    pending = null;
    keep('localStorage', KEPT, null);
    show('form');
    wrong(errors.map(function (error) {
      return { field: error.path[error.path.length - 1], message: error.message };
    }));
  }

  // After a reload the form is empty, and what was refused is to be mended and not typed again.
  function fill(report) {
    ['name', 'kind', 'text', 'phone', 'idNumber'].forEach(function (name) {
      form.elements[name].value = report[name] || '';
    });
    form.elements.who[report.forSomebodyElse ? 1 : 0].checked = true;
  }

  function receipt(payload) {
    var day = payload.dueOn.split('-');
    byId('code').textContent = payload.receiptCode;
    byId('due').textContent = Number(day[0]) + '年' + Number(day[1]) + '月' + Number(day[2]) + '日';
    ask.elements.code.value = payload.receiptCode;
    show('receipt');
    window.scrollTo(0, 0);
  }

  function tell(report) {
    var text = '没有找到这个回执码，或者已经过期。请核对后再查。';
    if (report) {
      text = STATES[report.state] + (REASONS[report.reason] || '') + (ROUTES[report.objection] || '') +
        ' 接收日期：' + report.receivedOn + '，核实期限：' + report.dueOn + '。';
    }
    byId('told').textContent = text;
    byId('told').hidden = false;
  }

  form.onsubmit = function (event) {
    event.preventDefault();
    var report = typed(), problems = missing(report);
    wrong(problems);
    if (problems.length || sending) { return; }
    pending = report;
    tries = 0;
    keep('localStorage', KEPT, JSON.stringify(report));
    send();
  };

  ask.onsubmit = function (event) {
    event.preventDefault();
    post('status', { receiptCode: ask.elements.code.value }, function (data) {
      tell(data.hardshipReport);
    }, function () {
      byId('told').textContent = '没有信号，或者系统正忙。请过一会儿再查。';
      byId('told').hidden = false;
    });
  };

  byId('again').onclick = send;
  byId('drop').onclick = function () {
    clearTimeout(timer);
    pending = null;
    keep('localStorage', KEPT, null);
    note('没有发出的报告已删除。');
    show('form');
  };
  byId('more').onclick = function () {
    keep('sessionStorage', RECEIPT, null);
    show('form');
  };
  window.addEventListener('online', send);

  pending = JSON.parse(kept('localStorage', KEPT) || 'null');
  var had = JSON.parse(kept('sessionStorage', RECEIPT) || 'null');
  if (pending) { later('上次的报告还没有发出。', 1); } else if (had) { receipt(had); } else { show('form'); }
}());
